import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runSteps } from './steps.ts'

const test = suite('steps')
const good = { name: 'good', help: '', check: () => '' }

test('`runSteps()` prints a line for each step when all are well', async () => {
  const lines: string[] = []
  assert.is(await runSteps([good, { ...good, check: async () => '' }], line => lines.push(line)), true)
  assert.is(lines.length, 2)
  for (const line of lines) assert.match(line, /^ok +good +\d+ ms$/)
})

test('`runSteps()` stops at the first complaint and says what and how to set it right', async () => {
  const lines: string[] = []
  const bad = { name: 'arrows', help: 'see the table', check: () => 'a.ts:1 is wrong\n' }
  const unreached = { ...good, check: () => assert.unreachable() as never }
  assert.is(await runSteps([good, bad, unreached], line => lines.push(line)), false)
  assert.match(lines.join('\n'), 'a.ts:1 is wrong\n\nThe gate is shut at: arrows (see the table)')
})

test('`runSteps()` counts a step that throws as a complaint', async () => {
  const lines: string[] = []
  const broken = {
    ...good,
    check: () => {
      throw new Error('no such tool')
    },
  }
  assert.is(await runSteps([broken], line => lines.push(line)), false)
  assert.match(lines.join('\n'), 'no such tool')
})

test.run()
