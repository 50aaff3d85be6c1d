import { excerptAround } from '../../core/words.ts'
import type { SearchHit } from '../../searching.ts'
import type { Asked } from '../asked.ts'
import { nameOf } from '../conversation-name.ts'
import type { Keymap } from '../keymap.ts'
import { hintOf } from '../keys.ts'
import type { ChatScreen, Model, Size } from '../model.ts'
import type { SearchOverlay } from '../overlay.ts'
import { sanitizeLine } from '../sanitize.ts'
import type { TextField } from '../text-field.ts'
import { graphemes, lineWidth, truncate } from '../width.ts'
import { box } from './box.ts'
import { type Canvas, span } from './canvas.ts'
import { markLine } from './matches.ts'
import { dayText, timeText } from './times.ts'

type Cursor = { x: number; y: number }

const FIND_PROMPT = ' Find: '
const SEARCH_PROMPT = '> '
/** Each message that was found has a line that says where and whose it is, and one of its text. */
const HIT_ROWS = 2
const MIN_HOUR_COLS = 50

/** How many messages the overlay shows at a time. */
export function searchRows({ rows }: Pick<Size, 'rows'>): number {
  return Math.max(1, Math.floor((rows - 5) / HIT_ROWS))
}

/** The line in which one searches in the open conversation. Returns where the cursor is. */
export function drawFind(canvas: Canvas, chat: ChatScreen): Cursor {
  const { find } = chat
  if (!find) return { x: 0, y: 0 }
  const count = countText(find, find.at)
  const cursor = drawField(canvas, {
    prompt: FIND_PROMPT,
    field: find.field,
    note: count,
    ask: 'in this conversation…',
  })
  return canvas.absolute(cursor)
}

/** What the status line says meanwhile. */
export function findHint({ find }: Keymap): string {
  return hintOf(find)
}

/** What was found over all. Returns where the cursor is. */
export function drawSearch(
  canvas: Canvas,
  model: Model,
  { chat, overlay }: { chat: ChatScreen; overlay: SearchOverlay },
): Cursor {
  const { cols, rows } = model.size
  const inner = box(canvas, {
    cols: Math.min(cols, 76),
    rows: rows - 2,
    title: 'Search everywhere',
    hint: 'Enter opens · ↑↓ · Esc closes',
  })
  const cursor = drawField(inner, {
    prompt: SEARCH_PROMPT,
    field: overlay.field,
    note: countText(overlay, overlay.selected),
    ask: 'words, a name…',
  })
  const shown = Math.min(searchRows(model.size), overlay.hits.length)
  const first = Math.max(0, Math.min(overlay.selected - shown + 1, overlay.hits.length - shown))
  for (const [index, hit] of overlay.hits.slice(first, first + shown).entries()) {
    const y = 1 + index * HIT_ROWS
    drawHit(inner, { y, hit, head: headOf(hit, { chat, timeZone: model.timeZone, cols: inner.size.cols }) })
    if (first + index === overlay.selected) inner.restyle({ x: 0, y, cols: inner.size.cols }, 'selected')
  }
  return inner.absolute(cursor)
}

function drawHit(canvas: Canvas, { y, hit, head }: { y: number; hit: SearchHit; head: Head }): void {
  const { cols } = canvas.size
  const room = Math.max(1, cols - lineWidth(head.time) - 1)
  canvas.put({ x: 0, y }, span(truncate(head.text, room), 'strong'))
  canvas.put({ x: cols - lineWidth(head.time), y }, span(head.time, 'faint'))
  // It may be of use only if the word is seen that was found.
  const text = excerptAround(sanitizeLine(hit.excerpt), { words: hit.words, maxChars: cols - 4 })
  canvas.put({ x: 2, y: y + 1 }, ...markLine(text, { style: 'plain', words: hit.words }))
}

interface Head {
  text: string
  time: string
}

/** Who and where, and when: the hour too, where there is room for it. */
function headOf(
  hit: SearchHit,
  { chat, timeZone, cols }: { chat: ChatScreen; timeZone: string; cols: number },
): Head {
  const summary = chat.conversations.find(({ summary: { id } }) => id === hit.conversation)?.summary
  const place = summary ? `${summary.kind === 'group' ? '# ' : ''}${nameOf(summary)}` : '?'
  const from = hit.mine ? 'you' : sanitizeLine(hit.from)
  const at = Math.min(hit.sentAt, hit.receivedAt)
  const hour = cols < MIN_HOUR_COLS ? '' : ` ${timeText(at, timeZone)}`
  return { text: from === place ? place : `${from} · ${place}`, time: dayText(at, timeZone) + hour }
}

/** `3 of 12`; while nothing is known, nothing. */
function countText({ query, hits, total, field }: Asked, at: number): string {
  if (field.text.trim() === '') return ''
  if (query === null || (query !== field.text && hits.length === 0)) return '…'
  return hits.length === 0 ? 'nothing found' : `${at + 1} of ${total}`
}

/** A field of one line; of a longer text what is around its cursor. */
function drawField(
  canvas: Canvas,
  { prompt, field, note, ask }: { prompt: string; field: TextField; note: string; ask: string },
): Cursor {
  const { cols } = canvas.size
  const x = lineWidth(prompt)
  const room = Math.max(2, cols - x - lineWidth(note) - 2)
  const before = endOf(field.text.slice(0, field.cursor), room - 1)
  canvas.put({ x: 0, y: 0 }, span(prompt, 'brand'))
  const rest = truncate(field.text.slice(field.cursor), room - lineWidth(before))
  if (field.text === '') canvas.put({ x, y: 0 }, span(truncate(ask, room), 'faint'))
  else canvas.put({ x, y: 0 }, span(before), span(rest))
  canvas.put({ x: cols - 1 - lineWidth(note), y: 0 }, span(note, 'faint'))
  return { x: Math.min(cols - 1, x + lineWidth(before)), y: 0 }
}

/** The end of a text, as much as there is room for. */
function endOf(text: string, room: number): string {
  if (lineWidth(text) <= room) return text
  let end = ''
  let used = 0
  for (const grapheme of [...graphemes(text)].reverse()) {
    if (used + grapheme.width > room) break
    end = grapheme.text + end
    used += grapheme.width
  }
  return end
}
