import type { GroupMember, OwnDevice } from '../../chat.ts'
import type { DevicesOverlay, GroupOverlay, Prompt } from '../overlay.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import { dayText } from './times.ts'

/** A list of which one row is chosen, with a line that is asked for below it. Returns where the cursor is. */
export function drawRows(
  canvas: Canvas,
  {
    rows,
    selected,
    prompt,
    note,
  }: { rows: readonly Row[]; selected: number | null; prompt: Prompt | null; note: string },
): { x: number; y: number } | null {
  const { cols, rows: height } = canvas.size
  const top = note === '' ? 0 : 1
  if (note !== '') canvas.put({ x: 0, y: 0 }, span(truncate(note, cols), 'unread'))
  const space = Math.max(1, height - top - (prompt ? 1 : 0))
  const first = Math.max(0, Math.min((selected ?? 0) - Math.floor(space / 2), rows.length - space))
  for (const [index, { name, marks }] of rows.slice(first, first + space).entries()) {
    const y = top + index
    const shown = fitting(marks, cols - 2 - Math.min(12, lineWidth(name)))
    const markCols = shown.reduce((sum, { text }) => sum + lineWidth(text), 0)
    canvas.put({ x: 0, y }, span(' '), span(truncate(name, Math.max(1, cols - 2 - markCols))), ...shown)
    if (selected !== null && first + index === selected) canvas.restyle({ x: 0, y, cols }, 'selected')
  }
  return prompt ? drawPrompt(canvas, prompt) : null
}

export interface Row {
  name: string
  marks: readonly Span[]
}

/** The marks that there is room for, the more important first. */
function fitting(marks: readonly Span[], cols: number): Span[] {
  const shown: Span[] = []
  let used = 0
  for (const mark of marks) {
    used += lineWidth(mark.text)
    if (used > cols) break
    shown.push(mark)
  }
  return shown
}

const ASKS: Readonly<Record<Prompt['what'], string>> = {
  add: 'add whom? ',
  title: 'title: ',
  rename: 'name: ',
}

function drawPrompt(canvas: Canvas, { what, field }: Prompt): { x: number; y: number } {
  const { cols, rows } = canvas.size
  const y = rows - 1
  const ask = ASKS[what]
  const room = Math.max(1, cols - ask.length - 1)
  const before = field.text.slice(0, field.cursor)
  // What is left of the cursor is cut off at the front when it is too long.
  let from = 0
  while (lineWidth(before.slice(from)) > room) from++
  canvas.put({ x: 0, y }, span(' '.repeat(cols)))
  canvas.put({ x: 0, y }, span(ask, 'brand'), span(field.text.slice(from)))
  return canvas.absolute({ x: Math.min(cols - 1, ask.length + lineWidth(before.slice(from))), y })
}

export function memberRows({ info }: GroupOverlay): readonly Row[] {
  return info.members.map(memberRow)
}

function memberRow({ user, isAdmin, isMe, isVerified }: GroupMember): Row {
  return {
    name: sanitizeLine(user),
    marks: [
      ...(isVerified ? [span(' ✓', 'done')] : []),
      ...(isAdmin ? [span(' admin', 'unread')] : []),
      ...(isMe ? [span(' you', 'faint')] : []),
    ],
  }
}

export function deviceRows({ devices }: DevicesOverlay, timeZone: string): readonly Row[] {
  return devices.map(device => deviceRow(device, timeZone))
}

function deviceRow({ deviceId, name, since, current, active }: OwnDevice, timeZone: string): Row {
  // Without a name the last letters tell devices apart: the first ones are the time.
  const shown = name === undefined ? `device …${deviceId.slice(-6)}` : sanitizeLine(name)
  return {
    name: shown,
    marks: [
      ...(current ? [span(' this one', 'done')] : []),
      ...(active ? [] : [span(' long away', 'unread')]),
      span(`  since ${dayText(since, timeZone)}`, 'faint'),
    ],
  }
}
