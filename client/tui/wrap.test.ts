import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sanitizeText } from './sanitize.ts'
import { lineWidth } from './width.ts'
import { wrapText } from './wrap.ts'

const test = suite('wrap')

const lines = (text: string, width: number) => wrapText(text, width).map(line => line.text)

test('`wrapText()` breaks at blanks, and within a word only when it is longer than a line', () => {
  assert.equal(lines('the quick brown fox', 10), ['the quick', 'brown fox'])
  assert.equal(lines('abcdefghijkl mn', 5), ['abcde', 'fghij', 'kl mn'])
  assert.equal(lines('ab abcdefgh', 4), ['ab', 'abcd', 'efgh'])
})

test('`wrapText()` keeps line breaks and empty lines', () => {
  assert.equal(lines('a\n\nb\n', 10), ['a', '', 'b', ''])
  assert.equal(lines('', 10), [''])
})

test('`wrapText()` breaks Han anywhere, and never through a grapheme', () => {
  assert.equal(lines('今日は天気', 5), ['今日', 'は天', '気'])
  assert.equal(lines('at 今日は天気', 8), ['at 今日', 'は天気'])
  assert.equal(lines('今日は天。気', 8), ['今日は', '天。気'])
  assert.equal(lines('👨‍👩‍👧👨‍👩‍👧a', 3), ['👨‍👩‍👧', '👨‍👩‍👧a'])
})

test('`wrapText()` lets blanks hang over the edge rather than begin a line', () => {
  assert.equal(lines('abcde   fgh', 5), ['abcde', 'fgh'])
})

test('`wrapText()` loses nothing but blanks and line breaks at its cuts, and keeps to the width, for any text', () => {
  const text = fc
    .array(fc.constantFrom('a', 'bc', ' ', '  ', '\n', '漢', '👨‍👩‍👧', 'e\u0301', 'word', 'longer-word'), {
      maxLength: 60,
    })
    .map(parts => sanitizeText(parts.join('')))
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 20 }), (sample, width) => {
      let at = 0
      for (const line of wrapText(sample, width)) {
        assert.match(sample.slice(at, line.start), /^ *\n?$/)
        assert.is(sample.slice(line.start, line.end), line.text)
        assert.ok(lineWidth(line.text.trimEnd()) <= width, `${JSON.stringify(line.text)} in ${width}`)
        at = line.end
      }
      assert.is(at, sample.length)
    }),
    { numRuns: 1000 },
  )
})

test('`wrapText()` of 64 KB takes less than 100 ms', () => {
  for (const text of ['word '.repeat(13_000), 'x'.repeat(65_536), '\n'.repeat(65_536)]) {
    const began = performance.now()
    wrapText(text, 60)
    const tookMs = performance.now() - began
    assert.ok(tookMs < 100, `${tookMs.toFixed(0)} ms`)
  }
})

test.run()
