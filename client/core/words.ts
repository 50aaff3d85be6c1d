/** A word of a text as search sees it, and where it stands there (UTF-16 units). */
export interface Word {
  /** Without case and accents. */
  word: string
  start: number
  end: number
}

/** Longer ones are cut: what is written in one piece of that length is a key, or an address. */
export const MAX_WORD_CHARS = 64

/** Written without blanks between words: each character is a word. */
const UNSPACED = [
  ...['Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo', 'Yi'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'],
]
  .map(script => `\\p{Script=${script}}`)
  .join('')
const LETTERS = '\\p{L}\\p{N}\\p{M}'
const WORDS = new RegExp(
  [
    `(?=[${LETTERS}])[${UNSPACED}]\\p{M}*`,
    '\\p{Extended_Pictographic}',
    `(?:(?![${UNSPACED}])[${LETTERS}])(?:(?![${UNSPACED}])[${LETTERS}\\p{Cf}])*`,
  ].join('|'),
  'gu',
)
const IS_UNSPACED = new RegExp(`^(?:[${UNSPACED}]|\\p{Extended_Pictographic})`, 'u')
const ASCII_WORDS = /[a-z0-9]+/gi
const ASCII = /^[\0-\x7f]*$/

/** The words of a text, in their order: letters and digits together, what is written without blanks by characters, emoji. */
export function wordsIn(text: string): Word[] {
  const found: Word[] = []
  for (const { 0: written, index: start } of text.matchAll(ASCII.test(text) ? ASCII_WORDS : WORDS)) {
    const word = foldWord(written)
    if (word !== '') found.push({ word, start, end: start + written.length })
  }
  return found
}

/** Whether a word is one character of a text without blanks: it begins no other word. */
export function isCharacter(word: string): boolean {
  return IS_UNSPACED.test(word)
}

/** Where a text has one of these words, in order. */
export function rangesOf(text: string, words: readonly string[]): { start: number; end: number }[] {
  if (words.length === 0) return []
  const wanted = new Set(words)
  return wordsIn(text)
    .filter(({ word }) => wanted.has(word))
    .map(({ start, end }) => ({ start, end }))
}

/** Letters that are one with another but for a stroke or a ligature that Unicode does not take apart. */
const LETTERS_APART: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
}

function foldWord(written: string): string {
  if (ASCII.test(written)) return written.toLowerCase().slice(0, MAX_WORD_CHARS)
  const folded = written
    .normalize('NFKD')
    .toLowerCase()
    // Accents, and what is not seen within a word: a soft hyphen, a joiner.
    .replace(/[\u0300-\u036f\p{Cf}]/gu, '')
    .replace(/[ßæœøđðþłħıς]/g, letter => LETTERS_APART[letter] ?? letter)
    .normalize('NFC')
  return Array.from(folded.slice(0, 2 * MAX_WORD_CHARS))
    .slice(0, MAX_WORD_CHARS)
    .join('')
}

/**
 * What of a text is around the first of these words, on one line; `…` where it was cut.
 *
 * @param maxChars about so many are left
 */
export function excerptAround(
  text: string,
  { words, maxChars }: { words: readonly string[]; maxChars: number },
): string {
  const line = text.replace(/\s+/gu, ' ').trim()
  if (line.length <= maxChars) return line
  const first = rangesOf(line, words)[0]?.start ?? 0
  const from =
    first < maxChars / 2
      ? 0
      : wholeAt(line, Math.min(first - Math.floor(maxChars / 4), line.length - maxChars))
  const to = wholeAt(line, Math.min(line.length, from + maxChars))
  return `${from > 0 ? '…' : ''}${line.slice(from, to)}${to < line.length ? '…' : ''}`
}

/** Not between the halves of a character. */
function wholeAt(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at
}
