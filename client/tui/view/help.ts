import type { Keymap } from '../keymap.ts'
import { type Binding, keysText } from '../keys.ts'
import { groupUsage, slashCommands } from '../slash-commands.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, type Span, span } from './canvas.ts'

/** The lines of F1 for a window of so many columns. */
export function helpLines(windowCols: number, keymap: Keymap): Span[][] {
  const cols = helpCols(windowCols) - 4
  const rows: Span[][] = []
  const add = (title: string, lines: Span[][]) => rows.push([span(title, 'strong')], ...lines, [])
  const keys = (group: Binding['group']) =>
    keymap.chat
      .filter(binding => binding.group === group && binding.keys.length > 0)
      .flatMap(binding => helpRow(keysText(binding), binding.does, cols))
  add('Conversations', keys('Conversations'))
  add('Messages', keys('Messages'))
  add(
    'Selected message',
    bound(keymap.selected).flatMap(binding => helpRow(keysText(binding), binding.does, cols)),
  )
  add(
    'Searching',
    bound(keymap.find).flatMap(binding => helpRow(keysText(binding), binding.does, cols)),
  )
  add('Program', keys('Program'))
  add('Commands', [
    ...slashCommands.flatMap(({ name, takes, does }) => [
      ...helpRow(`/${name} ${takes}`.trim(), does, cols),
      ...(name === 'group' ? groupUsage.flatMap(one => helpRow(`/${one.takes}`, one.does, cols)) : []),
    ]),
    ...helpRow('//', 'begins a text with a slash', cols),
  ])
  add('Writing', keys('Writing'))
  return rows
}

function bound<B extends { keys: readonly string[] }>(table: readonly B[]): B[] {
  return table.filter(({ keys }) => keys.length > 0)
}

/** The columns of the frame of F1. */
export function helpCols(windowCols: number): number {
  return Math.min(windowCols, 76)
}

/** The rows of help that fit, for scrolling. */
export function helpRows({ rows }: { rows: number }): number {
  return Math.max(1, rows - 4)
}

/** Keys left, what they do right; one below the other where the keys are too long. */
function helpRow(keys: string, does: string, cols: number): Span[][] {
  const keyCols = Math.max(12, Math.min(34, Math.floor(cols / 2)))
  const isLong = lineWidth(keys) > keyCols - 4
  const [first, ...more] = wrapText(does, Math.max(8, cols - keyCols))
  const left = span(`  ${isLong ? truncate(keys, Math.max(2, cols - 2)) : keys}`, 'unread')
  const gap = (used: number) => span(' '.repeat(Math.max(0, keyCols - used)))
  const below = more.map(({ text }) => [gap(0), span(text)])
  if (isLong) return [[left], [gap(0), span(first?.text ?? '')], ...below]
  return [[left, gap(lineWidth(left.text)), span(first?.text ?? '')], ...below]
}

export function drawHelp(canvas: Canvas, lines: Span[][], scroll: number): void {
  for (const [y, line] of lines.slice(scroll, scroll + canvas.size.rows).entries())
    canvas.put({ x: 0, y }, ...line)
}
