import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { emojis, findEmojis } from './emoji.ts'
import { sanitizeLine } from './sanitize.ts'
import { graphemes } from './width.ts'

const test = suite('emoji')

test('every emoji of the table is one, is drawn as it is, may be sent, and has a name', () => {
  for (const { emoji, name } of emojis) {
    assert.is(graphemes(emoji).length, 1, name)
    assert.is(sanitizeLine(emoji), emoji)
    assert.ok(emoji.length <= limits.maxReactionChars)
    assert.ok(name.length > 0, emoji)
  }
  assert.is(new Set(emojis.map(({ emoji }) => emoji)).size, emojis.length)
})

test('`findEmojis()` offers the usual ones, finds by the beginnings of words first, and takes one that was typed', () => {
  assert.is(findEmojis('').length, 8)
  assert.is(findEmojis('HEA')[0]?.emoji, '❤️')
  assert.is(findEmojis('eart')[0]?.emoji, '❤️')
  assert.equal(findEmojis('👨‍👩‍👧'), [{ emoji: '👨‍👩‍👧', name: '' }])
  assert.is(findEmojis('🇩🇪')[0]?.emoji, '🇩🇪')
  for (const typed of ['5', '🦀🦀', 'nothing so']) assert.equal(findEmojis(typed), [], typed)
})

test.run()
