import fc from 'fast-check'

/** Texts as an attacker would write them, for every path on which one of theirs is seen. */

/** Any code points at all, and UTF-16 that is none. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map(units => String.fromCharCode(...units)),
)

const parameters = fc.stringMatching(/^[0-9;:<=>?]{0,8}$/)
const intermediates = fc.stringMatching(/^[ -/]{0,2}$/)
const final = fc.integer({ min: 0x40, max: 0x7e }).map(code => String.fromCharCode(code))
const ending = fc.constantFrom('\x07', '\x1b\\', '\x9c', '')

/** Control sequences (ECMA-48), 7-bit and 8-bit, with whatever parameters. */
const csi = fc
  .tuple(fc.constantFrom('\x1b[', '\x9b'), parameters, intermediates, final)
  .map(parts => parts.join(''))
/** OSC, DCS, APC, PM and SOS with whatever in them, ended or not. */
const strings = fc
  .tuple(
    fc.constantFrom(...['\x1b]', '\x9d', '\x1bP', '\x90', '\x1b_', '\x9f', '\x1b^', '\x9e', '\x1bX', '\x98']),
    fc.constantFrom('0;', '2;', '52;c;', '8;;http://x', '9;', '777;notify;', '1337;File=', 'q', 'Ga=T;', ''),
    fc.string({ unit: 'binary', maxLength: 6 }),
    ending,
  )
  .map(parts => parts.join(''))
/** Single shifts (SS2, SS3), character sets, save and restore, reset, and every other one. */
const escapes = fc
  .tuple(
    fc.constantFrom('\x1b', '\x1b(', '\x1b#', '\x1b%', '\x1b '),
    fc.constantFrom(...'NOc78DEHMZ=>nlo0BG3GF'),
  )
  .map(parts => parts.join(''))
/** Of which the end is seen: every family, 7-bit and 8-bit. */
export const wholeSequence = fc.oneof(
  csi,
  escapes,
  fc
    .tuple(
      fc.constantFrom(
        ...['\x1b]', '\x9d', '\x1bP', '\x90', '\x1b_', '\x9f', '\x1b^', '\x9e', '\x1bX', '\x98'],
      ),
      fc.stringMatching(/^[ -~]{0,12}$/),
      fc.constantFrom('\x07', '\x1b\\', '\x9c'),
    )
    .map(parts => parts.join('')),
)
const shifts = fc
  .tuple(fc.constantFrom('\x8e', '\x8f', '\x1bN', '\x1bO', '\x0e', '\x0f'), fc.string({ maxLength: 1 }))
  .map(parts => parts.join(''))
const controls = fc
  .integer({ min: 0, max: 0x3f })
  .map(code => String.fromCharCode(code < 0x20 ? code : code + 0x60))

/** Bidi, zero width, tags, selectors, fillers, line separators. */
const invisible = fc.constantFrom(
  ...'\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\u061c\u180e\ufeff\u00ad\u034f\u115f\u3164\uffa0\ufe00\ufe0e\ufe0f\ufdd0\ufdd1\u2028\u2029\u0085',
  ...['\u{e0001}', '\u{e0061}', '\u{e007f}', '\u{e0100}', '\ud800', '\udfff'],
)
/** What stays, and whose widths are doubtful. */
const letters = fc.constantFrom(
  ...[
    '👨‍👩‍👧‍👦',
    '👩🏽‍🚀',
    '👍🏽',
    '🏳️‍🌈',
    '🇩🇪',
    '🇩',
    '❤️',
    '❤',
    '1️⃣',
    '🫩',
    '🥆',
    '漢字',
    'か\u3099',
    '한',
    '각',
  ],
  ...[
    'e\u0301',
    `z${'\u0301'.repeat(20)}`,
    '\u0301',
    '\u20dd',
    'कि',
    'क्ष',
    'ﷺ',
    'مرحبا',
    'שלום',
    '🏽',
    'ｱ',
    'Ａ',
  ],
  ...['a', ' ', 'words ', '\t', '┆', '\u{1d15e}', '\u{20000}'],
)

/** Pieces of all these, in any order. */
export const hostileText = fc
  .array(fc.oneof(csi, strings, escapes, shifts, controls, invisible, letters, anyText), { maxLength: 12 })
  .map(parts => parts.join(''))

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/
const DISGUISES = new RegExp(
  [
    '[\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]',
    ...['\\u034f', '[\\u115f\\u1160]', '\\u3164', '\\uffa0', '[\\u{e0000}-\\u{e0fff}]'],
  ].join('|'),
  'u',
)
const NO_CHARACTER = /[\p{Cs}\p{Co}\p{Cn}]/u

/** Throws when something of a text is more than a visible letter, a blank or a line break. */
export function assertHarmless(text: string): void {
  const found = CONTROLS.exec(text) ?? DISGUISES.exec(text) ?? NO_CHARACTER.exec(text)
  if (!found) return
  const code = found[0].codePointAt(0)?.toString(16)
  throw new Error(`U+${code} is in ${JSON.stringify(text)}`)
}
