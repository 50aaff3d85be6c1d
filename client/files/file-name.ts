const MAX_BYTES = 200
/** Names that mean a device on some systems, whatever their ending. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * A name that a file may be saved under, of what its sender called it: no path, nothing that a terminal or a file manager
 * would be deceived by (control, bidi and zero-width characters), not hidden, no flag, not too long.
 *
 * @param number from 2 on it stands behind the name: `crag (2).jpg`
 */
export function safeFileName(suggestion: string, { number = 1 }: { number?: number } = {}): string {
  const base = suggestion.split(/[/\\]/).at(-1) ?? ''
  const clean = base
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/\s+/gu, ' ')
    .replace(/^[\s.~-]+/, '')
    .replace(/[\s.]+$/, '')
  const named = clean === '' || RESERVED.test(clean) ? `file${clean === '' ? '' : `-${clean}`}` : clean
  const dot = named.lastIndexOf('.')
  const hasEnding = dot > 0 && named.length - dot <= 16
  const stem = hasEnding ? named.slice(0, dot) : named
  const ending = hasEnding ? named.slice(dot) : ''
  const counted = number > 1 ? ` (${number})` : ''
  return shortened(stem, MAX_BYTES - Buffer.byteLength(ending + counted)) + counted + ending
}

function shortened(text: string, maxBytes: number): string {
  let bytes = 0
  let kept = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    kept += character
  }
  return kept
}
