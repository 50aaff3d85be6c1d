import type { Size } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { graphemes } from '../width.ts'

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

/** One cell: a grapheme (`width` 1 or 2), or the second half of the one to the left (`width` 0, no text). */
export interface Cell {
  text: string
  width: 0 | 1 | 2
  style: StyleName
}

/** A piece of a line. */
export interface Span {
  text: string
  style: StyleName
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

const BLANK: Cell = { text: ' ', width: 1, style: 'plain' }
const SECOND_HALF = new Map<StyleName, Cell>()

/** An empty grid, and the canvas to draw on it. */
export function createCanvas(size: Size): { canvas: Canvas; cells: Cell[][] } {
  const cells = Array.from({ length: size.rows }, () => new Array<Cell>(size.cols).fill(BLANK))
  return { canvas: canvasOn(cells, { x: 0, y: 0, ...size }), cells }
}

export function span(text: string, style: StyleName = 'plain'): Span {
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

function putText(row: Cell[], { at: start, frame }: Target, text: string, style: StyleName): number {
  let at = start
  // Every text passes here, so none reaches a terminal unseen.
  for (const grapheme of graphemes(sanitizeLine(text))) {
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

function secondHalf(style: StyleName): Cell {
  const known = SECOND_HALF.get(style)
  if (known) return known
  const cell: Cell = { text: '', width: 0, style }
  SECOND_HALF.set(style, cell)
  return cell
}
