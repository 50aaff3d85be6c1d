import { colorCodes, rgbOf256 } from './colors.ts'
import type { Color, ColorDepth, Look } from './theme.ts'
import type { Cell, CellStyle, Grid } from './view/canvas.ts'
import { isSettled } from './width.ts'

/** What a change of the screen is written with. */
export interface Pen {
  /** The sequence that puts the cursor on a cell, counted from 0. */
  moveTo(x: number, y: number): string
  /** The sequence that makes what follows look like a style, whatever was before; `before` is what was, when it is known. */
  style(style: CellStyle, before: CellStyle | null): string
  /** What is written for a cell, where it is not its text. */
  glyph?(cell: Cell): string
  /** Is told of what is written: cells of a row, `end` not among them. */
  wrote?(cells: { y: number; start: number; end: number }): void
}

/**
 * What must be written to a terminal that shows `before` so that it shows `after`; everything when `before` is null or
 * of another size. Only cells that differ are in it, and those to the right of a grapheme on whose width terminals do not
 * agree when that one comes or goes: a terminal that draws an emoji family as three people has drawn over them. After such
 * a grapheme the cursor is set anew, so that a wrong guess never shifts what follows.
 */
export function drawChanges(before: Grid | null, after: Grid, pen: Pen): string {
  const known = before?.size.cols === after.size.cols && before.size.rows === after.size.rows ? before : null
  let out = ''
  let style: CellStyle | null = null
  after.cells.forEach((row, y) => {
    const old = known?.cells[y]
    if (old === row) return
    /** Where the terminal's cursor is in this row; -1: elsewhere. */
    let at = -1
    let isDoubtful = false
    for (let x = 0; x < row.length; x++) {
      const cell = row[x]
      const isDue: boolean = isDoubtful || isChanged(old, { row, x })
      isDoubtful ||= isDue && (hasDoubt(cell) || hasDoubt(old?.[x]))
      if (!cell || cell.width === 0 || !isDue) continue
      if (at !== x) out += pen.moveTo(x, y)
      pen.wrote?.({ y, start: x, end: x + cell.width })
      if (style === null || !isSameStyle(style, cell.style)) out += pen.style(cell.style, style)
      style = cell.style
      if (isSettled(cell.text)) {
        out += pen.glyph?.(cell) ?? cell.text
        at = x + cell.width
      } else {
        // A blank first: where the terminal draws it narrower, nothing old is left.
        out += ' '.repeat(cell.width) + pen.moveTo(x, y) + cell.text
        at = -1
      }
    }
  })
  return style === null ? out : out + pen.style('plain', style)
}

/** Whether a grapheme differs in any of its cells. */
function isChanged(
  old: readonly Cell[] | undefined,
  { row, x }: { row: readonly Cell[]; x: number },
): boolean {
  if (!old) return true
  if (!isSame(old[x], row[x])) return true
  return row[x]?.width === 2 && !isSame(old[x + 1], row[x + 1])
}

function hasDoubt(cell: Cell | undefined): boolean {
  return cell !== undefined && cell.width !== 0 && !isSettled(cell.text)
}

function isSame(a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === b) return true
  return (
    a !== undefined &&
    b !== undefined &&
    a.text === b.text &&
    a.width === b.width &&
    isSameStyle(a.style, b.style)
  )
}

function isSameStyle(a: CellStyle, b: CellStyle): boolean {
  if (a === b) return true
  return typeof a === 'object' && typeof b === 'object' && a.fg === b.fg && a.bg === b.bg
}

/** The SGR sequence (ECMA-48 section 8.3.117; colours 16 to 255 are xterm's) of a look, after a reset. */
export function sgr(look: Look, depth: ColorDepth = 256): string {
  const codes: (number | string)[] = [0]
  if (look.bold) codes.push(1)
  if (look.dim) codes.push(2)
  if (look.italic) codes.push(3)
  if (look.underline) codes.push(4)
  if (look.inverse) codes.push(7)
  if (look.color !== undefined) codes.push(codeOf(look.color, depth, 30))
  if (look.bgColor !== undefined) codes.push(codeOf(look.bgColor, depth, 40))
  return `\x1b[${codes.join(';')}m`
}

function codeOf(color: Color, depth: ColorDepth, base: 30 | 40): number | string {
  if (typeof color === 'object') return colorCodes(color.rgb, depth, base)
  if (color >= 16 && depth === 16) return colorCodes(rgbOf256(color), depth, base)
  return colorCode(color, base)
}

function colorCode(color: number, base: 30 | 40): number | string {
  if (color < 8) return base + color
  return color < 16 ? base + 60 + color - 8 : `${base + 8};5;${color}`
}
