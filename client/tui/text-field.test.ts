import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Edit, EMPTY_FIELD, edit, fieldOf, insert, moveTo, type TextField } from './text-field.ts'
import { graphemeAt } from './width.ts'

const test = suite('text field')

/** `ab|c` is the text abc with the cursor behind b. */
function at(shown: string): TextField {
  const cursor = shown.indexOf('|')
  return { text: shown.replace('|', ''), cursor }
}

const show = ({ text, cursor }: TextField) => `${text.slice(0, cursor)}|${text.slice(cursor)}`

for (const [action, before, after] of [
  ['left', 'ab|c', 'a|bc'],
  ['left', '|abc', '|abc'],
  ['left', 'a👨‍👩‍👧|b', 'a|👨‍👩‍👧b'],
  ['right', 'a|👍🏽b', 'a👍🏽|b'],
  ['right', 'abc|', 'abc|'],
  ['word-left', 'one two  |three', 'one |two  three'],
  ['word-left', 'one tw|o', 'one |two'],
  ['word-right', 'one| two', 'one two|'],
  ['line-start', 'one\ntw|o', 'one\n|two'],
  ['line-end', 'on|e\ntwo', 'one|\ntwo'],
  ['line-end', 'one\ntw|o', 'one\ntwo|'],
  ['delete-back', 'ae\u0301|b', 'a|b'],
  ['delete-back', 'one\n|two', 'one|two'],
  ['delete-back', '|x', '|x'],
  ['delete', 'a|🇩🇪b', 'a|b'],
  ['delete', 'a|', 'a|'],
  // Two halves of flags that come together are a flag.
  ['delete', '🇩|a🇪', '🇩🇪|'],
  ['delete-word', 'one two |x', 'one |x'],
  ['delete-to-start', 'one\ntw|o', 'one\n|o'],
  ['delete-to-end', 'o|ne\ntwo', 'o|\ntwo'],
] as const) {
  test(`\`edit()\` ${action}: ${JSON.stringify(before)} becomes ${JSON.stringify(after)}`, () => {
    assert.is(show(edit(at(before), action)), after)
  })
}

test('`insert()` types at the cursor, and what cannot be seen not at all', () => {
  assert.is(show(insert(at('a|c'), 'b')), 'ab|c')
  assert.is(show(insert(at('a|c'), '\x1b[31mred\x07\u202e')), 'ared|c')
})

test('`insert()` leaves the cursor behind the grapheme that it makes', () => {
  assert.is(show(insert(at('|\u0301'), 'e')), 'e\u0301|')
})

test('`moveTo()` stops at the beginning of a grapheme, and within the text', () => {
  assert.is(show(moveTo(fieldOf('a👨‍👩‍👧b'), 4)), 'a|👨‍👩‍👧b')
  assert.is(show(moveTo(fieldOf('ab'), 99)), 'ab|')
  assert.is(show(moveTo(fieldOf('ab'), -1)), '|ab')
})

test('the cursor is between two graphemes after any edits of any text', () => {
  const actions: Edit[] = [
    ...(['left', 'right', 'word-left', 'word-right', 'line-start', 'line-end'] as const),
    ...(['delete-back', 'delete', 'delete-word', 'delete-to-start', 'delete-to-end'] as const),
  ]
  const typed = fc.constantFrom('a', ' ', '\n', '👩', '\u0301', '漢', '🏽', '🇩', '🇪', 'क', '्', '👨‍👩‍👧')
  const step = fc.oneof(fc.record({ type: typed }), fc.record({ act: fc.constantFrom(...actions) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      let field = EMPTY_FIELD
      for (const one of steps) field = 'type' in one ? insert(field, one.type) : edit(field, one.act)
      const { text, cursor } = field
      assert.ok(cursor >= 0 && cursor <= text.length)
      if (cursor < text.length) assert.is(graphemeAt(text, cursor).start, cursor, JSON.stringify(show(field)))
    }),
    { numRuns: 5000 },
  )
})

test.run()
