/** What some system or program would take for more than a part of a name. */
const SEPARATORS = /[/\\]/
const NOT_IN_NAMES = /[<>:"|?*]/g

/**
 * Controls, format characters (bidi overrides, zero-width ones, tags), line and paragraph separators, and others that are
 * not seen although they are letters or marks; halves of characters, private and unassigned ones.
 */
const INVISIBLE =
  /[\p{C}\p{Zl}\p{Zp}\p{Variation_Selector}]|\u034f|[\u115f\u1160\u3164\uffa0]|[\u17b4\u17b5]|[\u180b-\u180f]/gu

const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]/g
/** Of any width. */
const BLANKS = /\s+/gu
/** At the beginning a dot hides a file and a dash makes it an option; blanks there are overlooked. */
const LEADING = /^[\s.\-\u2010-\u2015\u2212]+/u
/** Windows drops these, so that another name would be written than was checked. */
const TRAILING = /[\s.]+$/u
/** Devices, on Windows, in every folder and with any ending. */
const RESERVED =
  /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?=\s*(?:\.|$))/i

/** An ending that is longer is a part of the name. */
const MAX_ENDING_BYTES = 20

const encoder = new TextEncoder()
const bytesIn = (text: string) => encoder.encode(text).length

/** The longest name that is made, bytes of UTF-8: 255 is what file systems take, and ` (1000)` may have to fit in. */
export const maxNameBytes = 240

/**
 * A name that a file may be given here, made of what somebody else suggests: the last part of a path at most, without
 * whatever deceives, hides, or means something to a system.
 *
 * @param options `maxBytes`: of UTF-8, at least 40
 */
export function safeFileName(suggested: string, { maxBytes = maxNameBytes } = {}): string {
  const last = suggested.split(SEPARATORS).findLast(part => part.trim() !== '') ?? ''
  const cleaned = last
    .replace(LINE_BREAKS, ' ')
    .replace(INVISIBLE, '')
    .normalize('NFC')
    .replace(BLANKS, ' ')
    .replace(NOT_IN_NAMES, '_')
    .replace(LEADING, '')
    .replace(TRAILING, '')
  if (cleaned === '') return 'file'
  const name = RESERVED.test(cleaned) ? `_${cleaned}` : cleaned
  const { base, ending } = splitName(name)
  const cut = cutTo(base, maxBytes - bytesIn(ending)).replace(TRAILING, '')
  return cut + ending
}

/** The `number`th name like this: `cat.png`, `cat (2).png`, `cat (3).png` … */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name
  const { base, ending } = splitName(name)
  return `${base} (${number})${ending}`
}

/** A name that fits into a message: the sender's own, but no path, and not longer than allowed. */
export function nameToSend(name: string, { maxBytes }: { maxBytes: number }): string {
  const last = name.split(SEPARATORS).findLast(part => part !== '') ?? ''
  const whole = last.replace(/\p{Surrogate}/gu, '\ufffd')
  if (whole === '' || whole === '.' || whole === '..') return 'file'
  const { base, ending } = splitName(whole)
  return cutTo(base, maxBytes - bytesIn(ending)) + ending
}

function splitName(name: string): { base: string; ending: string } {
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 ? name.slice(dot) : ''
  return bytesIn(ending) > MAX_ENDING_BYTES
    ? { base: name, ending: '' }
    : { base: name.slice(0, name.length - ending.length), ending }
}

/** As many whole characters as fit. */
function cutTo(text: string, maxBytes: number): string {
  if (bytesIn(text) <= maxBytes) return text
  let left = maxBytes
  let cut = ''
  for (const char of text) {
    left -= bytesIn(char)
    if (left < 0) break
    cut += char
  }
  return cut
}
