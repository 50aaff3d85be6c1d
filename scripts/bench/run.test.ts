import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from '../test/runtimes.ts'
import type { Variant } from './catalog.ts'
import type { Report } from './report.ts'
import { summarise } from './report.ts'

const test = suite('bench')
const SCRIPT = fileURLToPath(new URL('run.ts', import.meta.url))

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { command, args: all } = spawnArgs(currentRuntime(), SCRIPT, args)
  return new Promise(resolve => {
    execFile(command, all, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('a short run prints a table, writes JSON, and draws', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-bench-test-'))
  try {
    const [json, plot] = [join(folder, 'bench.json'), join(folder, 'bench.svg')]
    const done = await run(['--quick', '--only', 'messages', 'chains', '--json', json, '--plot', plot])
    assert.is(done.code, 0, done.stderr)
    assert.match(done.stdout, /^variant +figure +median +target +ratio\n/)
    assert.match(done.stdout, /\nmessages +message encrypted +[\d.,]+ µs\n/)
    assert.match(
      done.stdout,
      /\nchains +chain to 500 devices: longest wait of a key +[\d.,]+ ms +(over )?16 ms\n/,
    )
    const report = JSON.parse(readFileSync(json, 'utf8')) as Report
    assert.is(report.isQuick, true)
    assert.equal(
      report.figures.map(({ id }) => id),
      [
        ...['encrypt', 'decrypt', 'chain-10', 'chain-10-block'],
        ...['chain-100', 'chain-100-block', 'chain-500', 'chain-500-block'],
      ],
    )
    assert.ok(report.figures.every(({ value }) => Number.isFinite(value) && value > 0))
    assert.match(readFileSync(plot, 'utf8'), /^<svg [\s\S]*<\/svg>\n$/)
    const again = await run(['--from', json])
    assert.is(again.stdout, done.stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a variant that there is not, and rounds that are none, are wrong usage', async () => {
  for (const args of [['--only', 'nothing'], ['messages'], ['--rounds', '0'], ['--from', '/nowhere']]) {
    const { code, stderr } = await run(args)
    assert.is(code, 2, args.join(' '))
    assert.match(stderr, /^bench: Cannot /)
  }
})

test('`summarise()` takes the median of the rounds, and the ratio to the ceiling', () => {
  const variants: Variant[] = [
    { name: 'fast', what: '', figures: [{ id: 'top', label: 'top', unit: 'msg/s' }] },
    {
      name: 'real',
      what: '',
      figures: [
        { id: 'rate', label: 'rate', unit: 'msg/s', ceiling: 'top' },
        { id: 'wait', label: 'wait', unit: 'ms', target: 16 },
      ],
    },
  ]
  const found = summarise(variants, [
    { top: 100, rate: 30, wait: 20 },
    { top: 400, rate: 10, wait: 12 },
    { top: 200, rate: 50, wait: 15 },
  ])
  assert.equal(
    found.map(({ id, value, ratio, isMet }) => ({ id, value, ratio, isMet })),
    [
      { id: 'top', value: 200, ratio: undefined, isMet: undefined },
      { id: 'rate', value: 30, ratio: 0.15, isMet: undefined },
      { id: 'wait', value: 15, ratio: undefined, isMet: true },
    ],
  )
})

test.run()
