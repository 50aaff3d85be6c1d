import type { CellLook } from './terminal.ts'

const CELL_WIDTH = 9
const CELL_HEIGHT = 20
const BASELINE = 15
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

/** A rectangle: x, y, width, height. */
type Box = readonly [number, number, number, number]

const MIDDLE_X = 4
const MIDDLE_Y = 10
const HALF = CELL_HEIGHT / 2
const RIGHT: Box = [MIDDLE_X, MIDDLE_Y, CELL_WIDTH - MIDDLE_X, 1]
const LEFT: Box = [0, MIDDLE_Y, MIDDLE_X + 1, 1]
const DOWN: Box = [MIDDLE_X, MIDDLE_Y, 1, CELL_HEIGHT - MIDDLE_Y]
const UP: Box = [MIDDLE_X, 0, 1, MIDDLE_Y]

/** Blocks and frames are drawn, since fonts leave gaps between the rows. */
const DRAWN: Readonly<Record<string, readonly Box[]>> = {
  '█': [[0, 0, CELL_WIDTH, CELL_HEIGHT]],
  '▀': [[0, 0, CELL_WIDTH, HALF]],
  '▄': [[0, HALF, CELL_WIDTH, HALF]],
  '▌': [[0, 0, HALF / 2, CELL_HEIGHT]],
  '─': [[0, MIDDLE_Y, CELL_WIDTH, 1]],
  '│': [UP, DOWN],
  '┌': [RIGHT, DOWN],
  '┐': [LEFT, DOWN],
  '└': [RIGHT, UP],
  '┘': [LEFT, UP],
}

/** A screen as an SVG picture, as a terminal with a dark background would show it. */
export function toSvg(cells: readonly (readonly CellLook[])[], cursor?: { x: number; y: number }): string {
  const cols = Math.max(0, ...cells.map(row => row.length))
  const size = { width: cols * CELL_WIDTH, height: cells.length * CELL_HEIGHT }
  const parts = [`<rect width="100%" height="100%" fill="${BACKGROUND}"/>`]
  for (const [y, row] of cells.entries()) {
    // Whatever lies behind first: a letter may be wider than its cell.
    parts.push(...runsOf(row, isBackground).flatMap(run => drawBackground(run, y)))
    parts.push(...runsOf(row, isText).flatMap(run => drawText(run, y)))
  }
  if (cursor) {
    const at = `x="${cursor.x * CELL_WIDTH}" y="${cursor.y * CELL_HEIGHT}"`
    parts.push(`<rect ${at} width="2" height="${CELL_HEIGHT}" fill="#ffffff"/>`)
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-size="15"`,
    ` font-family="${FONTS}" xml:space="preserve" shape-rendering="crispEdges">`,
    '<title>A terminal</title>',
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/**
 * The letters of a picture of `toSvg()`, row by row, without blanks at their ends. Blocks and frames are none: they are drawn.
 *
 * @throws Error when it is no such picture
 */
export function rowsOfSvg(svg: string): string[] {
  const [, height] = /^<svg [^>]*height="(\d+)"/.exec(svg) ?? []
  if (height === undefined) throw new Error('Cannot read picture: toSvg() has not made it')
  const rows = Array.from({ length: Number(height) / CELL_HEIGHT }, () => '')
  for (const [, x, y, text = ''] of svg.matchAll(/<text x="(\d+)" y="(\d+)"[^>]*>([^<]*)<\/text>/g)) {
    const row = Math.floor(Number(y) / CELL_HEIGHT)
    rows[row] = (rows[row] ?? '').padEnd(Number(x) / CELL_WIDTH) + unescapeXml(text)
  }
  return rows
}

/** Cells beside each other that are drawn as one. */
interface Run {
  x: number
  cells: CellLook[]
}

/** Whether a cell is drawn together with the one to its left; null: not at all. */
type Joins = (cell: CellLook, left: CellLook | undefined) => boolean | null

function runsOf(row: readonly CellLook[], joins: Joins): Run[] {
  const runs: Run[] = []
  let last: Run | null = null
  for (const [x, cell] of row.entries()) {
    const is = joins(cell, last?.cells.at(-1))
    if (is === null) last = null
    else if (is && last) last.cells.push(cell)
    else {
      last = { x, cells: [cell] }
      runs.push(last)
    }
  }
  return runs
}

const isBackground: Joins = (cell, left) => {
  const { back } = coloursOf(cell)
  return back === null ? null : left !== undefined && coloursOf(left).back === back
}

/** One after the other: only of what is a cell wide in every font it is known where the next one begins. */
const isText: Joins = (cell, left) => {
  if (
    cell.width === 0 ||
    (cell.text.trim() === '' && !cell.isUnderlined && !(left && ASCII.test(left.text)))
  ) {
    return null
  }
  if (left === undefined || lookOf(left) !== lookOf(cell)) return false
  return (isAscii(cell) && isAscii(left)) || (DRAWN[cell.text] !== undefined && cell.text === left.text)
}

function isAscii({ text }: CellLook): boolean {
  return text === '' || ASCII.test(text)
}

function lookOf(cell: CellLook): string {
  const { isBold, isFaint, isUnderlined } = cell
  return JSON.stringify([coloursOf(cell), isBold, isFaint, isUnderlined])
}

function coloursOf(cell: CellLook): { text: string; back: string | null } {
  const own = { text: toHex(cell.color) ?? FOREGROUND, back: toHex(cell.background) }
  return cell.isInverse ? { text: own.back ?? BACKGROUND, back: own.text } : own
}

function drawBackground({ x, cells }: Run, y: number): string[] {
  const { back } = coloursOf(cells[0] as CellLook)
  const at = `x="${x * CELL_WIDTH}" y="${y * CELL_HEIGHT}"`
  return [`<rect ${at} width="${cells.length * CELL_WIDTH}" height="${CELL_HEIGHT}" fill="${back}"/>`]
}

function drawText({ x: col, cells }: Run, row: number): string[] {
  const [first] = cells as [CellLook]
  const { x, y } = { x: col * CELL_WIDTH, y: row * CELL_HEIGHT }
  const width = cells.reduce((sum, cell) => sum + cell.width, 0) * CELL_WIDTH
  const { text: color } = coloursOf(first)
  const parts: string[] = []
  const drawn = DRAWN[first.text]
  const text = cells
    .map(cell => cell.text || ' ')
    .join('')
    .trimEnd()
  if (drawn) {
    for (const [left, top, wide, high] of drawn) {
      // Only of lines there are several in one.
      const whole = wide === CELL_WIDTH ? width : wide
      const at = `x="${x + left}" y="${y + top}"`
      parts.push(`<rect ${at} width="${whole}" height="${high}" fill="${color}"/>`)
    }
  } else if (text !== '') {
    const weight = first.isBold ? ' font-weight="bold"' : ''
    // The same place for each letter whatever font there is.
    const length = isAscii(first) ? ` textLength="${text.length * CELL_WIDTH}"` : ''
    const font = isAscii(first) ? ` font-family="${ASCII_FONTS}"` : ''
    const faint = first.isFaint ? ' opacity="0.6"' : ''
    const at = `x="${x}" y="${y + BASELINE}"`
    parts.push(`<text ${at} fill="${color}"${font}${length}${weight}${faint}>${escapeXml(text)}</text>`)
  }
  if (first.isUnderlined) {
    parts.push(`<rect x="${x}" y="${y + CELL_HEIGHT - 2}" width="${width}" height="1" fill="${color}"/>`)
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

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
