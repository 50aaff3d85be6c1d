import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkStyle } from './style.ts'

const test = suite('style')

function linesOf(count: number, first = ''): string {
  return `${first}\n${'x\n'.repeat(count - 1)}`
}

test('`checkStyle()` accepts 300 lines, wants a reason up to 500 and refuses more', () => {
  const why = '// Long because it is one table'
  assert.equal(checkStyle('client/a.ts', linesOf(300)), [])
  assert.is(checkStyle('client/a.ts', linesOf(301)).length, 1)
  assert.equal(checkStyle('client/a.ts', linesOf(500, why)), [])
  assert.is(checkStyle('client/a.ts', linesOf(501, why)).length, 1)
})

test('`checkStyle()` lets documents and data be as long as they are', () => {
  assert.equal(checkStyle('schema/PROTOCOL.md', linesOf(2_000)), [])
  assert.equal(checkStyle('schema/vectors/a.json', linesOf(2_000)), [])
})

test('`checkStyle()` wants kebab-case of files and folders', () => {
  for (const file of [
    'client/sender-chain.test.ts',
    'README.md',
    'LICENSE',
    'scripts/k8s/a.ts',
    'deno.json',
  ]) {
    assert.equal(checkStyle(file, ''), [], file)
  }
  for (const file of [
    'client/senderChain.ts',
    'client/Sender.ts',
    'client/sender_chain.ts',
    'client/Tui/a.ts',
  ]) {
    assert.is(checkStyle(file, '').length, 1, file)
  }
})

test('`checkStyle()` refuses notes about work left, in documents too', () => {
  const note = ['// TO', 'DO later'].join('')
  assert.match(checkStyle('client/a.ts', `a\n${note}`).join(), 'client/a.ts:2 leaves work')
  assert.match(checkStyle('README.md', ['FIX', 'ME'].join('')).join(), 'README.md:1 leaves work')
  assert.equal(checkStyle('client/a.ts', 'const todoList = 1'), [])
})

test('`checkStyle()` refuses sleeps in tests unless they say what else they are', () => {
  assert.is(checkStyle('client/a.test.ts', 'await new Promise(r => setTimeout(r, 50))').length, 1)
  assert.is(checkStyle('client/a.test.ts', "import { setTimeout } from 'node:timers/promises'").length, 1)
  assert.equal(checkStyle('client/a.test.ts', '// Not a sleep: a slow server\nsetTimeout(reply, 50)'), [])
  assert.equal(checkStyle('client/a.test.ts', "'setTimeout(r)'; clock.setTimeout(r)"), [])
  assert.equal(checkStyle('client/a.ts', 'setTimeout(retry, 50)'), [])
})

test('`checkStyle()` finds the suite that is never run beside one that is', () => {
  const header =
    "import { suite } from 'uvu'\nconst first = suite('first')\nconst second = suite<Context>('second')\n"
  assert.equal(checkStyle('client/a.test.ts', `${header}first.run()`), [
    'client/a.test.ts:3 `second.run()` is missing',
  ])
  assert.equal(checkStyle('client/a.test.ts', `${header}first.run()\nsecond.run()`), [])
  assert.is(checkStyle('client/a.test.ts', "import { test } from 'uvu'\ntest('a', b)").length, 1)
})

test.run()
