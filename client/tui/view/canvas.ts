import type { Picture } from '../../chat.ts'
import type { Size } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { type Grapheme, graphemes } from '../width.ts'

/** What a text is, not how it looks: theme.ts decides that. */
export type StyleName =
  | 'plain'
  | 'faint'
  | 'strong'
  | 'dash'
  | 'brand'
  | 'online'
  | 'offline'
  | 'mine'
  | 'theirs'
  | 'unread'
  | 'error'
  | 'done'
  | 'selected'
  | 'field'
  | 'read'
  | 'file'
  | 'qr'
  | 'match'
  | 'mention'
  | 'caption'

/** The colours of a picture's cell, as 0xRRGGBB. Without `bg` what is behind the letter is the terminal's own. */
export interface CellColors {
  fg: number
  bg?: number
  /** Which cell of which picture it is: where all of them are seen, a terminal that can draws the picture itself. */
  part?: PicturePart
}

export interface PicturePart {
  layout: PictureLayout
  col: number
  row: number
}

/** A picture, and the cells that it is drawn on. */
export interface PictureLayout {
  picture: Picture
  cols: number
  rows: number
}

export type CellStyle = StyleName | CellColors

/** One cell: a grapheme (`width` 1 or 2), or the second half of the one to the left (`width` 0, no text). */
export interface Cell {
  text: string
  width: 0 | 1 | 2
  style: CellStyle
}

/** A piece of a line. */
export interface Span {
  text: string
  style: CellStyle
}

/** What the terminal is to show. */
export interface Grid {
  size: Size
  /** Row by row. */
  cells: readonly (readonly Cell[])[]
  /** Where the next typed character will be; null hides the cursor. */
  cursor: { x: number; y: number } | null
}

/** A rectangle to draw in. Nothing is ever drawn outside it. */
export interface Canvas {
  readonly size: Size
  /** Draws spans one behind the other from (x, y); what does not fit is cut off. Returns the x behind them. */
  put(at: { x: number; y: number }, ...spans: Span[]): number
  /** Gives what is there already another style. */
  restyle(at: { x: number; y: number; cols: number }, style: StyleName): void
  /** Where a place of this canvas is on the whole grid. */
  absolute(at: { x: number; y: number }): { x: number; y: number }
  /** A part of this canvas as one of its own. */
  part(at: { x: number; y: number; cols: number; rows: number }): Canvas
}

/** Its upper half has the colour of the letter, its lower half the one behind it. */
export const HALF_BLOCK = '▀'

const BLANK: Cell = { text: ' ', width: 1, style: 'plain' }
const SECOND_HALF = new Map<CellStyle, Cell>()
/** A picture has thousands of it: nothing in it to sanitise. */
const HALF_BLOCKS: readonly Grapheme[] = [{ text: HALF_BLOCK, width: 1, length: 1 }]

/** An empty grid, and the canvas to draw on it. */
export function createCanvas(size: Size): { canvas: Canvas; cells: Cell[][] } {
  const cells = Array.from({ length: size.rows }, () => new Array<Cell>(size.cols).fill(BLANK))
  return { canvas: canvasOn(cells, { x: 0, y: 0, ...size }), cells }
}

export function span(text: string, style: CellStyle = 'plain'): Span {
  return { text, style }
}

function canvasOn(cells: Cell[][], frame: { x: number; y: number; cols: number; rows: number }): Canvas {
  const { cols, rows } = frame
  return {
    size: { cols, rows },
    put({ x, y }, ...spans) {
      const row = y >= 0 && y < rows ? cells[frame.y + y] : undefined
      let at = x
      for (const { text, style } of spans) at = row ? putText(row, { at, frame }, text, style) : at
      return at
    },
    restyle({ x, y, cols: count }, style) {
      const row = y >= 0 && y < rows ? cells[frame.y + y] : undefined
      for (let at = Math.max(0, x); row && at < Math.min(cols, x + count); at++) {
        const cell = row[frame.x + at]
        if (cell) row[frame.x + at] = { ...cell, style }
      }
    },
    absolute: ({ x, y }) => ({ x: frame.x + x, y: frame.y + y }),
    part(of) {
      const x = Math.max(0, Math.min(of.x, cols))
      const y = Math.max(0, Math.min(of.y, rows))
      return canvasOn(cells, {
        x: frame.x + x,
        y: frame.y + y,
        cols: Math.max(0, Math.min(of.cols, cols - x)),
        rows: Math.max(0, Math.min(of.rows, rows - y)),
      })
    },
  }
}

interface Target {
  at: number
  frame: { x: number; cols: number }
}

function putText(row: Cell[], { at: start, frame }: Target, text: string, style: CellStyle): number {
  let at = start
  // Every text passes here, so none reaches a terminal unseen.
  for (const grapheme of text === HALF_BLOCK ? HALF_BLOCKS : graphemes(sanitizeLine(text))) {
    if (at + grapheme.width > frame.cols) return frame.cols
    if (at >= 0) {
      clearHalves(row, frame.x + at, grapheme.width)
      row[frame.x + at] = { text: grapheme.text, width: grapheme.width, style }
      if (grapheme.width === 2) row[frame.x + at + 1] = secondHalf(style)
    }
    at += grapheme.width
  }
  return at
}

/** Half a grapheme cannot stay when the other half is drawn over. */
function clearHalves(row: Cell[], x: number, width: number): void {
  if (row[x]?.width === 0) row[x - 1] = BLANK
  if (row[x + width]?.width === 0) row[x + width] = BLANK
}

function secondHalf(style: CellStyle): Cell {
  const known = SECOND_HALF.get(style)
  if (known) return known
  const cell: Cell = { text: '', width: 0, style }
  if (typeof style === 'string') SECOND_HALF.set(style, cell)
  return cell
}
