import { type Binding, bindings, keysText } from '../keys.ts'
import type { ChatScreen, Model } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { slashCommands } from '../slash-commands.ts'
import { lineWidth, truncate } from '../width.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import { candidatesOf } from './switcher.ts'

/** Draws what lies over the chat: help or the switcher. Returns where the cursor is. */
export function drawOverlay(canvas: Canvas, model: Model, chat: ChatScreen): { x: number; y: number } | null {
  const { overlay } = chat
  if (!overlay) return null
  const { cols, rows } = model.size
  if (overlay.type === 'help') {
    drawHelp(
      box(canvas, {
        cols: Math.min(cols, 76),
        rows: rows - 2,
        title: 'Help',
        hint: '↑↓ scroll · Esc closes',
      }),
      overlay.scroll,
    )
    return null
  }
  const inner = box(canvas, {
    cols: Math.min(cols, 44),
    rows: Math.min(rows - 2, 14, Math.max(6, candidatesOf(chat, overlay.field.text).length + 3)),
    title: 'Switch to',
    hint: 'Enter opens · Esc closes',
  })
  return drawSwitcher(inner, chat, overlay)
}

/** How many lines F1 has, at a width. */
export function helpLines(cols: number): Span[][] {
  const rows: Span[][] = []
  const add = (title: string, lines: Span[][]) => rows.push([span(title, 'strong')], ...lines, [])
  const keys = (group: Binding['group']) =>
    (bindings as readonly Binding[])
      .filter(binding => binding.group === group)
      .map(binding => helpRow(keysText(binding), binding.does, cols))
  add('Conversations', keys('Conversations'))
  add('Messages', keys('Messages'))
  add('Program', keys('Program'))
  add('Commands', [
    ...slashCommands.map(({ name, takes, does }) => helpRow(`/${name} ${takes}`.trim(), does, cols)),
    helpRow('//', 'begins a text with a slash', cols),
  ])
  add('Writing', keys('Writing'))
  return rows
}

/** The rows of help that fit, for scrolling. */
export function helpRows({ rows }: { rows: number }): number {
  return Math.max(1, rows - 4)
}

function helpRow(keys: string, does: string, cols: number): Span[] {
  const keyCols = Math.max(12, Math.min(32, Math.floor(cols / 2)))
  const shown = truncate(keys, keyCols - 2)
  return [span(`  ${shown}`, 'unread'), span(' '.repeat(keyCols - lineWidth(shown))), span(does)]
}

function drawHelp(canvas: Canvas, scroll: number): void {
  const lines = helpLines(canvas.size.cols)
  for (const [y, line] of lines.slice(scroll, scroll + canvas.size.rows).entries())
    canvas.put({ x: 0, y }, ...line)
}

function drawSwitcher(
  canvas: Canvas,
  chat: ChatScreen,
  { field, selected }: { field: { text: string; cursor: number }; selected: number },
): { x: number; y: number } {
  const { cols, rows } = canvas.size
  canvas.put({ x: 0, y: 0 }, span('> ', 'brand'), span(field.text))
  if (field.text === '') canvas.put({ x: 2, y: 0 }, span('name of a person…', 'faint'))
  const candidates = candidatesOf(chat, field.text)
  const first = Math.max(0, Math.min(selected - rows + 2, candidates.length - rows + 1))
  for (const [index, candidate] of candidates.slice(first, first + rows - 1).entries()) {
    const y = index + 1
    const name = truncate(sanitizeLine(candidate.with), cols - 10)
    const note = candidate.isNew ? 'write to' : candidate.unread > 0 ? String(candidate.unread) : ''
    canvas.put({ x: 0, y }, span('  '), span(name))
    canvas.put({ x: cols - note.length - 1, y }, span(note, candidate.isNew ? 'faint' : 'unread'))
    if (first + index === selected) canvas.restyle({ x: 0, y, cols }, 'selected')
  }
  return canvas.absolute({ x: Math.min(cols - 1, 2 + lineWidth(field.text.slice(0, field.cursor))), y: 0 })
}

/** A frame in the middle of the canvas; what is inside it. */
function box(
  canvas: Canvas,
  { cols, rows, title, hint }: { cols: number; rows: number; title: string; hint: string },
): Canvas {
  const frame = {
    x: Math.floor((canvas.size.cols - cols) / 2),
    y: Math.floor((canvas.size.rows - rows) / 2),
    cols,
    rows,
  }
  const part = canvas.part(frame)
  const line = (left: string, text: string, right: string) =>
    left + truncate(text, cols - 2) + '─'.repeat(Math.max(0, cols - 2 - lineWidth(text))) + right
  part.put({ x: 0, y: 0 }, span(line('┌', `─ ${title} `, '┐'), 'dash'))
  for (let y = 1; y < rows - 1; y++) {
    part.put({ x: 0, y }, span('│', 'dash'), span(' '.repeat(Math.max(0, cols - 2))), span('│', 'dash'))
  }
  part.put({ x: 0, y: rows - 1 }, span(line('└', `─ ${hint} `, '┘'), 'dash'))
  return part.part({ x: 2, y: 1, cols: cols - 4, rows: rows - 2 })
}
