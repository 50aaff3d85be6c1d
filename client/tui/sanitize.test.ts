import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anyText, assertHarmless, hostileText, wholeSequence } from './hostile.fixture.ts'
import { sanitizeLine, sanitizeText } from './sanitize.ts'

const test = suite('sanitize')

test('`sanitizeText()` leaves no control, no disguise and no unknown character of any text', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, hostileText), text => assertHarmless(sanitizeText(text))),
    { numRuns: 3000 },
  )
})

test('`sanitizeText()` leaves what stands around a sequence that is whole, and nothing of the sequence', () => {
  fc.assert(
    fc.property(wholeSequence, sequence =>
      assert.is(sanitizeText(`before${sequence}.behind`), 'before.behind'),
    ),
    { numRuns: 2000 },
  )
})

test('`sanitizeText()` changes nothing the second time', () => {
  fc.assert(
    fc.property(hostileText, text => {
      const once = sanitizeText(text)
      assert.is(sanitizeText(once), once)
    }),
    { numRuns: 3000 },
  )
})

test('`sanitizeLine()` gives one line, of any text', () => {
  fc.assert(fc.property(hostileText, text => !sanitizeLine(text).includes('\n')))
  assert.is(sanitizeLine('a\r\nb\u2028c\u0085d\x0be'), 'a b c d e')
})

test('every single code point is either kept as it is, or made harmless', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const clean = sanitizeText(String.fromCodePoint(code))
    if (clean === String.fromCodePoint(code)) continue
    assert.ok(
      ['', ' ', '    ', '\n', '\ufffd'].includes(clean),
      `U+${code.toString(16)} became ${JSON.stringify(clean)}`,
    )
  }
})

for (const [what, sequence] of [
  ['CSI, colours', '\x1b[1;31m'],
  ['CSI, private modes', '\x1b[?1049h'],
  ['CSI, with intermediates', '\x1b[0 q'],
  ['CSI, 8-bit', '\x9b2J'],
  ['OSC, title, ended by BEL', '\x1b]0;owned\x07'],
  ['OSC, link, ended by ST', '\x1b]8;;http://x\x1b\\'],
  ['OSC, 8-bit', '\x9d52;c;eA==\x9c'],
  ['DCS', '\x1bPq#0;2;0;0;0\x1b\\'],
  ['APC (kitty graphics)', '\x1b_Ga=T;AAAA\x1b\\'],
  ['PM', '\x1b^x\x1b\\'],
  ['SOS', '\x1bXx\x1b\\'],
  ['charset', '\x1b(0'],
  ['reset', '\x1bc'],
  ['save cursor', '\x1b7'],
] as const) {
  test(`\`sanitizeText()\` takes a whole sequence out: ${what}`, () => {
    assert.is(sanitizeText(`a${sequence}b`), 'ab')
  })
}

test('`sanitizeText()` takes only the beginning of a sequence that never ends, not the text behind it', () => {
  assert.is(sanitizeText('a\x1b]0;the rest'), 'a0;the rest')
  assert.is(sanitizeText('a\x1b'), 'a')
})

for (const text of [
  '👨‍👩‍👧‍👦',
  '🏳️‍🌈',
  '❤️‍🔥',
  '👍🏽',
  '👩🏽‍🚀',
  '🇩🇪',
  '1️⃣',
  '⌚︎',
  'e\u0301\u0302',
  'नमस्ते',
  'क्\u200dष',
  'می\u200cخواهم',
  'שלום עולם',
  'مرحبا',
  '今日は',
  '한국어',
  'Straße — “naïve” … ½ €',
]) {
  test(`\`sanitizeText()\` keeps ${text}`, () => {
    assert.is(sanitizeText(text), text)
  })
}

test('`sanitizeText()` takes joiners and selectors away where they join nothing', () => {
  assert.is(sanitizeText('pay\u200dpal'), 'paypal')
  assert.is(sanitizeText('pay\u200cpal'), 'paypal')
  assert.is(sanitizeText('a\ufe0f'), 'a')
  assert.is(sanitizeText('👨\u200d'), '👨')
  assert.is(sanitizeText('👨\u200d\u200b\u200d👩'), '👨👩')
})

test('`sanitizeText()` takes bidi overrides, tags and zero-width letters away', () => {
  assert.is(sanitizeText('invoice\u202egpj.exe'), 'invoicegpj.exe')
  assert.is(sanitizeText('🏴\u{e0067}\u{e0062}\u{e007f}'), '🏴')
  assert.is(sanitizeText('bo\u200bb'), 'bob')
})

test('`sanitizeText()` keeps six marks on a letter and drops the rest', () => {
  assert.is(sanitizeText(`z${'\u0301'.repeat(100)}y`), `z${'\u0301'.repeat(6)}y`)
})

test('`sanitizeText()` makes blanks of tabs and of every other blank, and lines of every line break', () => {
  assert.is(sanitizeText('a\tb\u00a0c\u2003d'), 'a    b c d')
  assert.is(sanitizeText('a\r\nb\rc\u2029d'), 'a\nb\nc\nd')
})

test('`sanitizeText()` reads 64 KB of the worst in less than 200 ms', () => {
  for (const worst of ['\x1b]', '\x1b[', '👨\u200d', '\u200d', '\u0301', 'a\u200b', '\x9d;']) {
    const text = worst.repeat(Math.ceil(65_536 / worst.length))
    const began = performance.now()
    sanitizeText(text)
    const tookMs = performance.now() - began
    assert.ok(tookMs < 200, `${JSON.stringify(worst)}: ${tookMs.toFixed(0)} ms`)
  }
})

test.run()
