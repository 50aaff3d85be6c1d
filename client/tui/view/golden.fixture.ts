import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import type { CellStyle, Grid, StyleName } from './canvas.ts'

const FOLDER = new URL('golden/', import.meta.url)

/**
 * Compares a screen with `golden/<name>.txt`. With `UPDATE_GOLDEN=1`, or the argument `--update`, the file is written anew:
 * look at the difference before you commit it.
 */
export function assertGolden(name: string, grid: Grid): void {
  const file = new URL(`${name}.txt`, FOLDER)
  const drawn = drawText(grid)
  if (process.env.UPDATE_GOLDEN || process.argv.includes('--update')) {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(file, drawn)
    return
  }
  if (!existsSync(file)) throw new Error(`Cannot compare ${name}: no golden file; UPDATE_GOLDEN=1 writes it`)
  assert.fixture(drawn, readFileSync(file, 'utf8'))
}

/**
 * The letters on the screen, then a letter for each cell's style, then the cursor. A picture's cell has a capital: black, red,
 * green, yellow, blue, magenta, cyan or white (KRGYBMCW), whichever its upper half is nearest to.
 */
export function drawText({ size, cells, cursor }: Grid): string {
  const letters = cells.map(row =>
    row
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )
  const styles = cells.map(row =>
    row
      .map(({ style }) => letterOf(style))
      .join('')
      .replace(/\.+$/, ''),
  )
  const at = cursor ? `${cursor.x},${cursor.y}` : 'hidden'
  return [`${size.cols}x${size.rows} cursor ${at}`, ...letters, '-- styles', ...styles, ''].join('\n')
}

function letterOf(style: CellStyle): string {
  if (typeof style === 'string') return LETTER[style]
  const bits = [16, 8, 0].map((shift, index) => (((style.fg >> shift) & 0xff) >= 0x80 ? 1 << index : 0))
  return 'KRGYBMCW'[bits.reduce((sum, bit) => sum + bit, 0)] ?? '?'
}

const LETTER: Readonly<Record<StyleName, string>> = {
  plain: '.',
  faint: 'f',
  strong: 's',
  dash: 'd',
  brand: 'b',
  online: 'o',
  offline: 'x',
  mine: 'm',
  theirs: 't',
  unread: 'u',
  error: 'e',
  done: 'g',
  selected: 'r',
  field: '_',
  read: 'R',
  file: 'n',
  qr: 'q',
  match: 'M',
  mention: '@',
  caption: 'w',
}
