import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TextField } from './text-field.ts'
import { onGrapheme, pressNormal } from './vim.ts'
import { graphemeAt } from './width.ts'

const test = suite('vim')

/** `|` is the cursor. */
function field(marked: string): TextField {
  const cursor = marked.indexOf('|')
  return { text: marked.replace('|', ''), cursor }
}

function marked({ text, cursor }: TextField): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

/** What comes of keys in normal mode. */
function after(start: string, keys: string): string {
  let at = field(start)
  let pending = ''
  for (const key of keys) ({ field: at, pending } = pressNormal(at, pending, key))
  return marked(at)
}

const cases: [string, string, string][] = [
  ['one |two', 'h', 'one| two'],
  ['|one', '2l', 'on|e'],
  ['|one', '9l', 'on|e'],
  ['|one two, three', 'w', 'one |two, three'],
  ['|one two, three', '2w', 'one two|, three'],
  ['one two, thre|e', 'b', 'one two, |three'],
  ['one two, thre|e', '3b', 'one |two, three'],
  ['|one two', 'e', 'on|e two'],
  ['on|e two', 'e', 'one tw|o'],
  ['one |two', '0', '|one two'],
  ['|one two', '$', 'one tw|o'],
  ['a\nb|c', 'gg', '|a\nbc'],
  ['one |two', 'x', 'one |wo'],
  ['one tw|o', 'x', 'one t|w'],
  ['one t|wo', 'X', 'one |wo'],
  ['|one two three', 'dw', '|two three'],
  ['|one two three', 'd2w', '|three'],
  ['|one two three', '2dw', '|three'],
  ['|one two', 'de', '| two'],
  ['one |two', 'd0', '|two'],
  ['one| two', 'd$', 'on|e'],
  ['one| two', 'D', 'on|e'],
  ['a\n|b\nc', 'dd', 'a\n|c'],
  ['a\nb\n|c', 'dd', 'a\n|b'],
  ['|a\nb\nc', '2dd', '|c'],
  ['|one', 'dd', '|'],
  ['|one two', 'cw', '| two'],
  ['one |two', 'C', 'one |'],
  ['a\n|b b\nc', 'cc', 'a\n|\nc'],
  ['|one', 's', '|ne'],
  ['o|ne', 'S', '|'],
  ['o|ne', 'i', 'o|ne'],
  ['o|ne', 'a', 'on|e'],
  ['o|ne', 'A', 'one|'],
  ['on|e', 'I', '|one'],
  ['o|ne\nb', 'o', 'one\n|\nb'],
  ['a\no|ne', 'O', 'a\n|\none'],
  ['|one', 'rx', '|xne'],
  ['|one', '2rx', '|xxe'],
  ['|one', '4rx', '|one'],
  ['|one', '9999rx', '|one'],
  ['|one two', 'yw', '|one two'],
  ['|one', 'dq', '|one'],
  ['|one', 'dj', '|one'],
  ['|', 'x', '|'],
  ['|👨‍👩‍👧b', 'x', '|b'],
  ['a|é', 'h', '|aé'],
]

for (const [start, keys, end] of cases) {
  test(`\`${keys}\` makes ${JSON.stringify(end)} of ${JSON.stringify(start)}`, () =>
    assert.is(after(start, keys), end))
}

test('`pressNormal()` tells what was taken, what changes the mode, and what is done elsewhere', () => {
  const at = field('one |two')
  assert.is(pressNormal(at, 'd', 'w').taken, 'two')
  assert.is(pressNormal(at, 'y', 'y').taken, 'one two')
  assert.is(pressNormal(at, 'y', 'y').isChange, undefined)
  for (const key of 'iaIAoOsSC') assert.is(pressNormal(at, '', key).mode, 'insert', key)
  for (const key of 'xXDhlwb') assert.is(pressNormal(at, '', key).mode, undefined, key)
  const acts = {
    j: 'line-down',
    k: 'line-up',
    G: 'to-newest',
    '/': 'find',
    ':': 'command',
    u: 'undo',
    p: 'put-after',
  }
  for (const [key, act] of Object.entries(acts)) assert.is(pressNormal(at, '', key).act, act, key)
  assert.is(pressNormal(at, 'g', 't').act, 'next-conversation')
  assert.is(pressNormal(at, 'g', 'T').act, 'previous-conversation')
})

test('`pressNormal()` keeps what is not whole yet, and forgets what is no command', () => {
  const at = field('|one')
  for (const [before, key] of [
    ['', '2'],
    ['2', 'd'],
    ['2d', '3'],
    ['', 'g'],
    ['d', 'g'],
    ['', 'r'],
    ['1', '0'],
  ] as const) {
    assert.is(pressNormal(at, before, key).pending, before + key)
  }
  for (const [before, key] of [
    ['', 'Q'],
    ['d', 'Q'],
    ['g', 'x'],
    ['99999', '9'],
  ] as const) {
    assert.equal(pressNormal(at, before, key), { field: at, pending: '' })
  }
})

test('whatever is pressed, the cursor stays between two graphemes, and nothing is there that was not', () => {
  const keys = fc.array(fc.constantFrom(...'hl0$wbexXdcysSDCiaIAoOrgG123pu /:q'), { maxLength: 12 })
  const text = fc.string({ unit: 'grapheme', maxLength: 24 }).map(one => one.normalize('NFC'))
  fc.assert(
    fc.property(text, fc.nat(24), keys, (start, place, pressed) => {
      let at = onGrapheme({
        text: start,
        cursor: place >= start.length ? start.length : graphemeAt(start, place).start,
      })
      let pending = ''
      for (const key of pressed) {
        ;({ field: at, pending } = pressNormal(at, pending, key))
        assert.ok(at.cursor >= 0 && at.cursor <= at.text.length)
        if (at.cursor < at.text.length) assert.is(graphemeAt(at.text, at.cursor).start, at.cursor)
        assert.ok(pending.length <= 10)
      }
    }),
    { numRuns: 500 },
  )
})

test.run()
