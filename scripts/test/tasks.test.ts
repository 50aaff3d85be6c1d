import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DENO_FLAGS } from '../runtimes.ts'

const test = suite('tasks')

interface Manifest {
  scripts: Record<string, string>
  tasks: Record<string, string>
}

function read(file: string): Manifest {
  return JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')) as Manifest
}

test('deno.json does with `deno task` what package.json does with `npm run`', () => {
  const { tasks } = read('deno.json')
  const onNode = Object.entries(read('package.json').scripts).filter(([, line]) => line.startsWith('node '))
  assert.ok(onNode.length >= 5)
  for (const [name, line] of onNode) {
    const source = line.replace('node scripts/bin.mjs', 'node --import tsx scripts/fastchat.ts')
    const expected = source.replace('node --import tsx', `deno run ${DENO_FLAGS.join(' ')}`)
    assert.is(tasks[name], expected, name)
  }
})

test('`DENO_FLAGS` asks for no more than the parts that FastChat uses', () => {
  assert.ok(DENO_FLAGS.includes('--no-prompt'))
  for (const flag of ['-A', '--allow-all', '--allow-import', '--allow-scripts']) {
    assert.not.ok((DENO_FLAGS as readonly string[]).includes(flag), flag)
  }
})

test.run()
