import type { VerifyOverlay } from '../overlay.ts'
import { sanitizeLine } from '../sanitize.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, type Span, span } from './canvas.ts'

const GROUP_COLS = 6
const MIN_TEXT_COLS = 24

/** What is shown of a safety number in a place of some size: beside the QR code, below it, or, where that has no room, alone. */
export function verifyLines(
  overlay: VerifyOverlay,
  { cols, rows }: { cols: number; rows: number },
): Span[][] {
  const qr = qrLines(overlay.modules)
  const qrCols = overlay.modules[0]?.length ?? 0
  const fits = qr.length > 0 && qr.length <= rows && qrCols + 2 + MIN_TEXT_COLS <= cols
  if (!fits) {
    const lines = textLines(overlay, cols)
    // What is to be done must be seen rather than blank lines.
    return lines.length <= rows ? lines : lines.filter(line => line.length > 0)
  }
  const text = textLines(overlay, cols - qrCols - 2)
  return Array.from({ length: Math.max(qr.length, text.length) }, (_, y) => [
    ...(qr[y] ?? [span(' '.repeat(qrCols))]),
    span('  '),
    ...(text[y] ?? []),
  ])
}

export function drawVerify(canvas: Canvas, overlay: VerifyOverlay): void {
  const lines = verifyLines(overlay, canvas.size)
  const scroll = Math.min(overlay.scroll, Math.max(0, lines.length - canvas.size.rows))
  for (const [y, line] of lines.slice(scroll, scroll + canvas.size.rows).entries())
    canvas.put({ x: 0, y }, ...line)
}

function textLines({ verification }: VerifyOverlay, cols: number): Span[][] {
  const { safetyNumber, isVerified, isKeyChanged } = verification
  const user = sanitizeLine(verification.user)
  const groups = safetyNumber.match(/.{1,5}/g) ?? []
  const perLine = [4, 3, 2, 1].find(count => count * GROUP_COLS - 1 <= cols) ?? 1
  const numbers = Array.from({ length: Math.ceil(groups.length / perLine) }, (_, row) => [
    span(groups.slice(row * perLine, (row + 1) * perLine).join(' '), 'strong'),
  ])
  const say = (text: string, style: 'plain' | 'faint' | 'error' | 'done' = 'plain') =>
    wrapText(text, cols).map<Span[]>(line => [span(line.text, style)])
  return [
    ...numbers,
    [],
    ...(isKeyChanged ? say(`${user}'s key has changed; this is the number of the new one.`, 'error') : []),
    ...(isVerified ? say(`✓ verified`, 'done') : say('not verified', 'faint')),
    [],
    ...say(
      `Compare it with what ${user} sees, in another way than this chat: face to face, or by a call in which you know the voice.`,
    ),
    ...say('All twelve groups the same: press v. If not, somebody may be reading along: do not write.'),
  ]
}

/** Two modules one above the other in a cell: dark is drawn, light is behind it, so that no font leaves gaps in it. */
function qrLines(modules: readonly (readonly boolean[])[]): Span[][] {
  const lines: Span[][] = []
  for (let y = 0; y < modules.length; y += 2) {
    const lower = modules[y + 1]
    const cells = (modules[y] ?? []).map((isDark, x) => {
      const isLowerDark = lower?.[x] === true
      if (isDark) return isLowerDark ? '█' : '▀'
      return isLowerDark ? '▄' : ' '
    })
    lines.push([span(cells.join(''), 'qr')])
  }
  return lines
}
