import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mentionsIn, mentionsOf } from './mentions.ts'

const test = suite('mentions')

function named(text: string): string[] {
  return mentionsIn(text).map(({ user }) => user)
}

test('`mentionsIn()` finds who is named, wherever and in whatever case', () => {
  assert.equal(named('@bob are you there?'), ['bob'])
  assert.equal(named('ask @Bob, @carol and (@dave-2)'), ['bob', 'carol', 'dave-2'])
  assert.equal(named('first\n@bob'), ['bob'])
})

test('`mentionsIn()` leaves addresses, words and single letters alone', () => {
  for (const text of [
    'mail bob@example.org',
    'a/@bob',
    'x@bob',
    '@@bob',
    '@',
    '@b',
    'é@bob',
    '@bobé',
    '@bob@example',
  ]) {
    assert.equal(named(text), [], text)
  }
})

test('`mentionsOf()` takes a sign that ends the sentence for no part of the name, unless it is', () => {
  assert.equal(mentionsOf('it was @bob.', 'bob'), [{ start: 7, end: 11, user: 'bob' }])
  assert.equal(mentionsOf('@bob- no', 'bob'), [{ start: 0, end: 4, user: 'bob' }])
  assert.equal(mentionsOf('@bob.', 'bob.'), [{ start: 0, end: 5, user: 'bob.' }])
  assert.equal(mentionsOf('@bobby', 'bob'), [])
})

test('every place of `mentionsOf()` holds the name, in any text', () => {
  const part = fc.constantFrom('@', 'bob', '@bob', ' ', '.', '-', 'é', '@BOB', 'x', '👨‍👩‍👧')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), parts => {
      const text = parts.join('')
      for (const { start, end } of mentionsOf(text, 'bob'))
        assert.is(text.slice(start, end).toLowerCase(), '@bob')
    }),
  )
})

test.run()
