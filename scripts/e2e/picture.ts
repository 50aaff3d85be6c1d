import type { CellLook } from './terminal.ts'

const CELL_WIDTH = 9
const CELL_HEIGHT = 19
const BASELINE = 14
const FONTS = "'DejaVu Sans Mono', 'Noto Sans Mono CJK JP', 'Noto Color Emoji', monospace"
/** Without emoji: a digit is one too, as a keycap without its cap. */
const ASCII_FONTS = "'DejaVu Sans Mono', monospace"
const ASCII = /^[\x20-\x7e]$/
const BACKGROUND = '#161616'
const FOREGROUND = '#d0d0d0'
const BASIC = [
  ...['#161616', '#d7261e', '#4fa04f', '#c7a13f', '#5f87c7', '#a55fa5', '#4fa5a5', '#d0d0d0'],
  ...['#808080', '#ff5f5f', '#7fd07f', '#ffd75f', '#87afef', '#d787d7', '#7fd7d7', '#ffffff'],
]

/** A screen as an SVG picture, as a terminal with a dark background would show it. */
export function toSvg(cells: readonly (readonly CellLook[])[], cursor?: { x: number; y: number }): string {
  const cols = Math.max(0, ...cells.map(row => row.length))
  const size = { width: cols * CELL_WIDTH, height: cells.length * CELL_HEIGHT }
  const parts = [`<rect width="100%" height="100%" fill="${BACKGROUND}"/>`]
  cells.forEach((row, y) => {
    row.forEach((cell, x) => {
      parts.push(...drawCell(cell, { x: x * CELL_WIDTH, y: y * CELL_HEIGHT }))
    })
  })
  if (cursor) {
    const at = `x="${cursor.x * CELL_WIDTH}" y="${cursor.y * CELL_HEIGHT}"`
    parts.push(`<rect ${at} width="2" height="${CELL_HEIGHT}" fill="#ffffff"/>`)
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-size="15"`,
    ` font-family="${FONTS}" xml:space="preserve">`,
    '<title>A terminal</title>',
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function drawCell(cell: CellLook, { x, y }: { x: number; y: number }): string[] {
  if (cell.width === 0) return []
  const width = cell.width * CELL_WIDTH
  const own = { text: toHex(cell.color) ?? FOREGROUND, back: toHex(cell.background) }
  const { text, back } = cell.isInverse ? { text: own.back ?? BACKGROUND, back: own.text } : own
  const parts: string[] = []
  if (back) parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${CELL_HEIGHT}" fill="${back}"/>`)
  if (cell.text.trim() !== '') {
    const weight = cell.isBold ? ' font-weight="bold"' : ''
    const font = ASCII.test(cell.text) ? ` font-family="${ASCII_FONTS}"` : ''
    const faint = cell.isFaint ? ' opacity="0.6"' : ''
    parts.push(
      `<text x="${x}" y="${y + BASELINE}" fill="${text}"${font}${weight}${faint}>${escapeXml(cell.text)}</text>`,
    )
  }
  if (cell.isUnderlined) {
    parts.push(`<rect x="${x}" y="${y + CELL_HEIGHT - 2}" width="${width}" height="1" fill="${text}"/>`)
  }
  return parts
}

/** A colour of the palette of 256 (16 basic ones, a cube of 216, 24 greys), or an RGB value, for SVG. */
function toHex(color: number | string | null): string | null {
  if (color === null || typeof color === 'string') return color
  if (color < 16) return BASIC[color] ?? null
  if (color >= 232) return rgb([0, 0, 0].map(() => 8 + 10 * (color - 232)))
  const index = color - 16
  return rgb(
    [Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map(step =>
      step === 0 ? 0 : 55 + 40 * step,
    ),
  )
}

function rgb(parts: readonly number[]): string {
  return `#${parts.map(part => part.toString(16).padStart(2, '0')).join('')}`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
