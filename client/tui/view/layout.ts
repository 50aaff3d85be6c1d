import { bannerOf } from '../conversation-name.ts'
import { type ChatScreen, draftOf, openConversation, type Size } from '../model.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { lineWidth, truncate } from '../width.ts'
import { type WrappedLine, wrapText } from '../wrap.ts'

/** Below this the list of conversations folds away. */
export const FOLD_COLS = 60
export const MIN_COLS = 20
export const MIN_ROWS = 6
const MAX_COMPOSER_ROWS = 6
/** Title, rule, rule, status. */
const FIXED_ROWS = 4
const MAX_ABOVE_ROWS = 2
/** Left of the composer's text: ` > `. */
export const PROMPT_COLS = 3

export interface Frame {
  x: number
  y: number
  cols: number
  rows: number
}

/** Where everything of the chat screen is. */
export interface ChatLayout {
  /** null when folded away. */
  list: Frame | null
  /** One row's inset on the left is included. */
  messages: Frame
  /** The line above the composer that says what is written there, or what is the matter with the conversation. */
  above: { y: number; lines: readonly string[]; style: 'faint' | 'unread' | 'error' } | null
  composer: Frame
  /** All lines of the draft; of these the composer shows `composer.rows` from `firstLine` on. */
  lines: readonly WrappedLine[]
  firstLine: number
  /** The cursor's line among `lines`. */
  cursorLine: number
  statusY: number
}

/** Lays out the chat screen. */
export function layoutChat({ cols, rows }: Size, chat: ChatScreen): ChatLayout {
  // A search has one line, in the composer's place.
  const draft = chat.find ? EMPTY_FIELD : draftOf(chat)
  const lines = wrapDraft(draft.text, cols - PROMPT_COLS - 1)
  const cursorLine = lineOfCursor(lines, draft.cursor)
  const composerRows = Math.min(
    lines.length,
    MAX_COMPOSER_ROWS,
    Math.max(1, Math.floor((rows - FIXED_ROWS) / 2)),
  )
  // At least half of what is left is the conversation's.
  const mostAbove = Math.min(MAX_ABOVE_ROWS, Math.floor((rows - FIXED_ROWS - composerRows) / 2))
  const above = aboveOf(chat, { cols, rows: mostAbove })
  const aboveRows = above?.lines.length ?? 0
  const bodyRows = Math.max(0, rows - FIXED_ROWS - composerRows - aboveRows)
  const listCols = cols < FOLD_COLS ? 0 : Math.min(24, Math.max(18, Math.floor(cols / 4)))
  const composerY = 2 + bodyRows + 1 + aboveRows
  return {
    list: listCols === 0 ? null : { x: 0, y: 2, cols: listCols, rows: bodyRows },
    messages:
      listCols === 0 ? { x: 1, y: 2, cols: cols - 2, rows: bodyRows } : besideList(listCols, cols, bodyRows),
    above: above && { ...above, y: composerY - aboveRows },
    composer: { x: 0, y: composerY, cols, rows: composerRows },
    lines,
    firstLine: Math.max(0, Math.min(cursorLine - composerRows + 1, lines.length - composerRows)),
    cursorLine,
    statusY: composerY + composerRows,
  }
}

/** What the draft is about, or what is the matter with the conversation. */
function aboveOf(chat: ChatScreen, { cols, rows }: Size): Omit<NonNullable<ChatLayout['above']>, 'y'> | null {
  const open = openConversation(chat)
  if (!open || rows < 1 || chat.find) return null
  if (open.about) {
    const what = open.about.type === 'reply' ? `┌ reply to ${open.about.from}: ` : '┌ edit: '
    const hint = cols < 50 ? '' : ' Esc cancels '
    const room = Math.max(0, cols - PROMPT_COLS - hint.length)
    const text = truncate(what + open.about.excerpt, room)
    const line = ' '.repeat(PROMPT_COLS) + text + ' '.repeat(Math.max(0, room - lineWidth(text))) + hint
    return { lines: [line], style: 'faint' }
  }
  const banner = bannerOf(open.summary)
  if (!banner) return null
  const lines = wrapText(banner.text, cols - PROMPT_COLS - 1).map(
    ({ text }, index) => (index === 0 ? ' ! ' : '   ') + text,
  )
  return { lines: lines.slice(0, rows), style: banner.isTrouble ? 'error' : 'unread' }
}

let lastWrapped: { text: string; width: number; lines: readonly WrappedLine[] } | undefined

/** The draft is laid out several times for one key, and it may be long. */
function wrapDraft(text: string, width: number): readonly WrappedLine[] {
  if (lastWrapped?.text !== text || lastWrapped.width !== width) {
    lastWrapped = { text, width, lines: wrapText(text, width) }
  }
  return lastWrapped.lines
}

/** The line that holds the cursor: the last one that begins at or before it. */
export function lineOfCursor(lines: readonly WrappedLine[], cursor: number): number {
  let found = 0
  for (const [index, line] of lines.entries()) if (line.start <= cursor) found = index
  return found
}

function besideList(listCols: number, cols: number, rows: number): Frame {
  // A separator and a blank on each side of it.
  const x = listCols + 2
  return { x, y: 2, cols: cols - x - 1, rows }
}
