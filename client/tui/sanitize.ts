/**
 * What comes from others is hostile until it has been here: every path to the screen goes through `sanitizeLine()` (the
 * canvas calls it again for whatever it draws) or `sanitizeText()`. What is left has no effect but to be seen: no control
 * characters, no escape sequences, nothing invisible that could disguise one text as another, and nothing whose width
 * a terminal cannot know. Emoji sequences, skin tones, combining marks and right-to-left letters stay.
 */
const REPLACEMENT = '\ufffd'

/** Most texts: nothing to do. */
const PLAIN = /^[\x20-\x7e]*$/

/**
 * Escape sequences as a whole (ECMA-48), 7-bit and 8-bit: CSI with its parameters; OSC, DCS, SOS, PM and APC up to their
 * terminator, where there is one before the next control character (an open one would swallow the rest of the text, and
 * looking for its end again and again would take for ever); all others with their final byte.
 */
const SEQUENCES = new RegExp(
  [
    '(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]',
    '(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x00-\\x07\\x0e-\\x1f\\x7f-\\x9f]*(?:\\x07|\\x1b\\\\|\\x9c)',
    '\\x1b[ -/]*[0-~]',
  ].join('|'),
  'g',
)

/** `\n`, and all that some terminal or editor takes for one: NEL, LS, PS, CR, VT, FF. */
const LINE_BREAKS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g

/** Blanks of every width but the ideographic one, which is two cells everywhere. */
const BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]/g

const CONTROLS = /[^\P{Cc}\n]/gu

/**
 * Format characters (bidi overrides, isolates and marks, zero-width space and joiners, tags, soft hyphen, BOM …) and others
 * that are not seen although they are letters or marks: fillers, the grapheme joiner, invisible vowels, variation
 * selectors. The joiners and the emoji selectors that belong are put aside before.
 */
const INVISIBLE = new RegExp(
  [
    '[\\p{Cf}\\p{Variation_Selector}\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u3164\\uffa0]',
    '[\\u{1d159}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]',
  ].join('|'),
  'gu',
)

/** Not characters, not yet characters, and private ones, which look like whatever a font makes of them. */
const UNKNOWN = /[\p{Cs}\p{Co}\p{Cn}]/gu

const JOINING =
  '\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}' +
  '\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}' +
  '\\p{Script=Sinhala}\\p{Script=Khmer}'

/** A joiner between two pictures, or within a word of a script that writes with joiners; a selector behind an emoji. */
const BELONGING = new RegExp(
  [
    '(?<=\\p{Extended_Pictographic}\\ufe0f?\\p{Emoji_Modifier}?)\\u200d(?=\\p{Extended_Pictographic})',
    `(?<=[${JOINING}])[\\u200c\\u200d](?=[${JOINING}])`,
    '(?<=[\\p{Extended_Pictographic}0-9#*])\\ufe0f',
    '(?<=\\p{Extended_Pictographic})\\ufe0e',
  ].join('|'),
  'gu',
)

/** More marks on one letter than any script has would be drawn over the lines above. */
const TOO_MANY_MARKS = /(\p{M}{6})\p{M}+/gu

// Non-characters that stand for what belongs while the rest is removed; any that came with the text are gone by then.
const ASIDE: ReadonlyMap<string, string> = new Map([
  ['\u200c', '\ufdd0'],
  ['\u200d', '\ufdd1'],
  ['\ufe0e', '\ufdd2'],
  ['\ufe0f', '\ufdd3'],
])
const BACK: ReadonlyMap<string, string> = new Map([...ASIDE].map(([from, to]) => [to, from]))

/**
 * A text of several lines that may be drawn. Line breaks become `\n`, a tab four blanks.
 * `sanitizeText(sanitizeText(x))` is `sanitizeText(x)`.
 */
export function sanitizeText(text: string): string {
  if (PLAIN.test(text)) return text
  const visible = text
    .replace(SEQUENCES, '')
    .replace(LINE_BREAKS, '\n')
    .replaceAll('\t', '    ')
    .replace(BLANKS, ' ')
    .replace(CONTROLS, '')
    .replace(UNKNOWN, REPLACEMENT)
  return settle(visible).replace(TOO_MANY_MARKS, '$1')
}

/** A text of one line that may be drawn: `sanitizeText()`, and every line break is a blank. */
export function sanitizeLine(text: string): string {
  return PLAIN.test(text) ? text : sanitizeText(text).replaceAll('\n', ' ')
}

/** Removing one invisible character can bring others together that belong, or no longer do: so until nothing changes. */
function settle(text: string): string {
  let before = text
  for (;;) {
    const after = before
      .replace(BELONGING, found => ASIDE.get(found) ?? '')
      .replace(INVISIBLE, '')
      .replace(/[\ufdd0-\ufdd3]/g, aside => BACK.get(aside) ?? '')
    if (after === before) return after
    before = after
  }
}
