import type { Cell, Grid, PictureLayout } from '../view/canvas.ts'

/** A picture of which every cell is on the screen. */
export interface Placement {
  layout: PictureLayout
  x: number
  y: number
}

/** Cells of a grid. */
export interface CellBox {
  x: number
  y: number
  cols: number
  rows: number
}

/** The pictures that are wholly on a grid: nothing is drawn over them, and none is half scrolled out. */
export function placementsOf({ cells }: Grid): Placement[] {
  const found: Placement[] = []
  cells.forEach((row, y) => {
    row.forEach(({ style }, x) => {
      if (typeof style === 'string' || style.part?.col !== 0 || style.part.row !== 0) return
      const placement = { layout: style.part.layout, x, y }
      if (isWhole(cells, placement)) found.push(placement)
    })
  })
  return found
}

function isWhole(cells: readonly (readonly Cell[])[], { layout, x, y }: Placement): boolean {
  for (let row = 0; row < layout.rows; row++) {
    for (let col = 0; col < layout.cols; col++) {
      const style = cells[y + row]?.[x + col]?.style
      if (typeof style !== 'object') return false
      const { part } = style
      if (part?.layout !== layout || part.col !== col || part.row !== row) return false
    }
  }
  return true
}

export function boxOf({ layout: { cols, rows }, x, y }: Placement): CellBox {
  return { x, y, cols, rows }
}

export function isSamePlacement(a: Placement, b: Placement): boolean {
  return a.layout === b.layout && a.x === b.x && a.y === b.y
}

/** No cell is like it, so that all are written again. */
const UNKNOWN: Cell = { text: ' ', width: 1, style: { fg: -1 } }

/** A grid of which some cells are not known any more. */
export function withUnknown(grid: Grid, boxes: readonly CellBox[]): Grid {
  if (boxes.length === 0) return grid
  const cells = grid.cells.map(row => row)
  for (const { x, y, cols, rows } of boxes) {
    for (let at = y; at < Math.min(y + rows, cells.length); at++) {
      cells[at] = (cells[at] ?? []).map((cell, col) => (col >= x && col < x + cols ? UNKNOWN : cell))
    }
  }
  return { ...grid, cells }
}
