import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createEmulator, WIDTHS_OF } from './emulator.fixture.ts'
import { sanitizeText } from './sanitize.ts'
import {
  codePointWidth,
  graphemeAt,
  graphemes,
  graphemeWidth,
  isSettled,
  lineWidth,
  truncate,
} from './width.ts'

const test = suite('width')

for (const widthsOf of WIDTHS_OF) {
  test(`\`graphemeWidth()\` is what a terminal of Unicode ${widthsOf} draws, for every grapheme that is settled`, async () => {
    const settled: string[] = []
    for (let code = 0x20; code <= 0xffff; code++) {
      const char = String.fromCharCode(code)
      if (isSettled(char) && sanitizeText(char) === char) settled.push(char)
    }
    assert.ok(settled.length > 30_000, `${settled.length}`)
    const emulator = createEmulator({ cols: 8, rows: 4, widthsOf, scrollback: settled.length })
    await emulator.write(settled.map(char => `${char}\r\n`).join(''))
    const drawn = emulator.firstWidths(settled.length)
    const wrong = settled.filter((char, index) => drawn[index] !== graphemeWidth(char))
    assert.equal(
      wrong.slice(0, 20).map(char => `U+${char.charCodeAt(0).toString(16)} ${char}`),
      [],
    )
  })
}

test('`graphemeWidth()` is what a terminal of Unicode 11 draws, for every code point that it knows, but for marks', async () => {
  const all: string[] = []
  for (let code = 0x20; code <= 0x1ffff; code++) {
    const char = String.fromCodePoint(code)
    // Assigned by Unicode 11 as far as a regular expression can tell: the rest has no width there.
    if (sanitizeText(char) === char && codePointWidth(code) > 0 && /[\p{L}\p{N}\p{P}\p{S}]/u.test(char))
      all.push(char)
  }
  const emulator = createEmulator({ cols: 8, rows: 4, widthsOf: '11', scrollback: all.length })
  await emulator.write(all.map(char => `${char}\r\n`).join(''))
  const drawn = emulator.firstWidths(all.length)
  const wider = all.filter((char, index) => (drawn[index] ?? 0) > graphemeWidth(char))
  // Two that Unicode has as narrow; not settled either, so that what they are drawn over is drawn again.
  assert.equal(wider, ['\u{1f93b}', '\u{1f946}'])
  assert.equal(wider.filter(isSettled), [])
  const narrower = all.filter((char, index) => (drawn[index] ?? 0) < graphemeWidth(char))
  // Those that have become wide since: never settled, so a blank stays behind them and nothing is shifted.
  assert.equal(narrower.filter(isSettled), [])
})

for (const [text, width] of [
  ['a', 1],
  ['é', 1],
  ['e\u0301', 1],
  ['漢', 2],
  ['한', 2],
  ['ｱ', 1],
  ['Ａ', 2],
  ['😀', 2],
  ['👍🏽', 2],
  ['👨‍👩‍👧‍👦', 2],
  ['🇩🇪', 2],
  ['❤️', 2],
  ['❤', 1],
  ['1️⃣', 2],
  ['🫩', 2],
  ['कि', 2],
  ['ش', 1],
] as const) {
  test(`\`graphemeWidth()\` of ${text} is ${width}`, () => {
    assert.equal(
      graphemes(text).map(grapheme => grapheme.width),
      [width],
    )
  })
}

test('`graphemes()` puts a mark without a letter on a dotted circle', () => {
  assert.equal(graphemes('\u0301a'), [
    { text: '◌\u0301', width: 1, length: 1 },
    { text: 'a', width: 1, length: 1 },
  ])
})

test('`lineWidth()` is the sum of what `graphemes()` finds', () => {
  for (const line of ['', 'plain', '今日は plain 👨‍👩‍👧 e\u0301!', '\u0301']) {
    assert.is(
      lineWidth(line),
      graphemes(line).reduce((sum, { width }) => sum + width, 0),
    )
  }
})

test('`truncate()` cuts between graphemes, and never to more than it may', () => {
  assert.is(truncate('abc', 3), 'abc')
  assert.is(truncate('abcd', 3), 'ab…')
  assert.is(truncate('今日は', 4), '今…')
  assert.is(truncate('👨‍👩‍👧👨‍👩‍👧', 3), '👨‍👩‍👧…')
  assert.is(truncate('abc', 0), '')
  assert.is(truncate('abc', 1), '…')
})

test('`graphemeAt()` finds the whole of what lies around an index', () => {
  assert.equal(graphemeAt('a👨‍👩‍👧b', 4), { start: 1, end: 9 })
  assert.equal(graphemeAt('ab', 5), { start: 2, end: 2 })
})

test.run()
