import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { gatherReactions, isLater, isReaction, timeAfter } from './changes.ts'

const test = suite('core, changes')

test('`isLater()` goes by time, then by id, so that all agree', () => {
  assert.ok(isLater({ at: 1, id: 'a' }, undefined))
  assert.ok(isLater({ at: 2, id: 'a' }, { at: 1, id: 'b' }))
  assert.ok(isLater({ at: 1, id: 'b' }, { at: 1, id: 'a' }))
  assert.not.ok(isLater({ at: 1, id: 'a' }, { at: 1, id: 'a' }))
  assert.not.ok(isLater({ at: 1, id: 'b' }, { at: 2, id: 'a' }))
})

test('`timeAfter()` is later than what was before, whatever the clock says, and a number that can be sent', () => {
  assert.is(timeAfter(undefined, 5), 5)
  assert.is(timeAfter({ at: 3, id: 'a' }, 5), 5)
  assert.is(timeAfter({ at: 9, id: 'a' }, 5), 10)
  assert.is(timeAfter({ at: Number.MAX_SAFE_INTEGER, id: 'a' }, 5), Number.MAX_SAFE_INTEGER)
})

test('`isReaction()` takes one emoji with all that joins it, and nothing else', () => {
  for (const text of ['👍', '👍🏽', '❤️', '❤', '👨‍👩‍👧‍👦', '🇩🇪', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👩🏾‍❤️‍💋‍👩🏽']) {
    assert.ok(isReaction(text), text)
  }
  for (const text of [
    '',
    'a',
    '1',
    '👍👍',
    '👍a',
    ' 👍',
    '👍\u0301',
    '\u202e👍',
    '\u001b👍',
    '🇩',
    '\u200d👍',
  ]) {
    assert.not.ok(isReaction(text), text)
  }
  const joined = (count: number) => Array.from({ length: count }, () => '❤').join('\u200d')
  assert.is(joined(16).length, limits.maxReactionChars - 1)
  assert.ok(isReaction(joined(16)))
  assert.not.ok(isReaction(joined(17)))
})

test('`gatherReactions()` puts the most frequent first, then the one that was there first', () => {
  const said = (emoji: string | null, at: number) => ({ emoji, at, id: `${at}` })
  assert.equal(
    gatherReactions({
      erin: said('🎉', 5),
      dave: said('👍', 4),
      bob: said('👍', 3),
      carol: said(null, 2),
      constructor: said('❤', 1),
    }),
    [
      { emoji: '👍', from: ['bob', 'dave'] },
      { emoji: '❤', from: ['constructor'] },
      { emoji: '🎉', from: ['erin'] },
    ],
  )
  assert.equal(gatherReactions({}), [])
})

test.run()
