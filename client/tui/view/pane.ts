import type { TimelineItem } from '../../chat.ts'
import type { SearchHit } from '../../searching.ts'
import type { Find } from '../asked.ts'
import { type Anchor, type ChatScreen, type Conversation, type Model, openConversation } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth } from '../width.ts'
import { layoutChat } from './layout.ts'
import { NO_WORDS } from './matches.ts'
import { type Line, linesOf, timeOf } from './message-lines.ts'
import { dayText, leftText, shortDuration } from './times.ts'

/**
 * The messages of a conversation as a list of which only what is seen is laid out: from the anchor upwards until the pane
 * is full, whether ten lines are above or a million.
 */
export interface Pane {
  conversation: Conversation
  cols: number
  rows: number
  timeZone: string
  /** Ms since 1970. */
  now: number
  me: string
  transfers: ChatScreen['transfers']
  pictures: ChatScreen['pictures']
  /** The words that were found, by message. */
  matches: ReadonlyMap<string, readonly string[]>
}

/** The pane of the open conversation, as it is on the screen. */
export function paneOf(model: Model, chat: ChatScreen): Pane | undefined {
  const conversation = openConversation(chat)
  if (!conversation) return undefined
  const { cols, rows } = layoutChat(model.size, chat).messages
  const { timeZone, now } = model
  const { me, transfers, pictures } = chat
  return { conversation, cols, rows, timeZone, now, me, transfers, pictures, matches: matchesOf(chat.find) }
}

const NO_MATCHES: Pane['matches'] = new Map()
const matchesByHits = new WeakMap<readonly SearchHit[], Pane['matches']>()

/** The same map as long as it is the same answer. */
function matchesOf(find: Find | null): Pane['matches'] {
  if (!find) return NO_MATCHES
  const known = matchesByHits.get(find.hits)
  if (known) return known
  const made = new Map(find.hits.map(({ id, words }) => [id, words]))
  matchesByHits.set(find.hits, made)
  return made
}

export interface VisibleLines {
  lines: readonly Line[]
  /** The `seq` of each line's item. */
  seqs: readonly number[]
  /** Index of the first item of which something is seen; 0 too when there are none. */
  firstIndex: number
}

const MAX_NAME_COLS = 16
/** In a group, whoever it is that writes. */
const GROUP_NAME_COLS = 10
const MAX_PICTURE_ROWS = 18
const MIN_PICTURE_ROWS = 4

/** The lines that the pane shows, at most `rows`. */
export function visibleLines(pane: Pane): VisibleLines {
  const { items } = pane.conversation
  const start = startOf(pane)
  const blocks: (readonly Line[])[] = []
  const seqs: number[][] = []
  let count = 0
  let index = start.index
  for (; index >= 0 && count < pane.rows; index--) {
    const block = blockAt(pane, index)
    const seen = index === start.index ? block.slice(0, block.length - start.hiddenLines) : block
    blocks.unshift(seen)
    seqs.unshift(new Array<number>(seen.length).fill(items[index]?.seq ?? -1))
    count += seen.length
  }
  const lines = blocks.flat()
  const over = Math.max(0, lines.length - pane.rows)
  return {
    lines: lines.slice(over),
    seqs: seqs.flat().slice(over),
    firstIndex: items.length ? index + 1 : 0,
  }
}

/** The items of which something is seen. */
export function visibleItems(pane: Pane): readonly TimelineItem[] {
  const { items } = pane.conversation
  const { seqs, firstIndex } = visibleLines(pane)
  const last = seqs.at(-1)
  return last === undefined ? [] : items.slice(firstIndex, indexOfSeq(items, last) + 1)
}

/** Where the pane is when an item is to be seen as a whole, or as much of it as there is room for: as near as may be. */
export function reveal(pane: Pane, index: number): Anchor | null {
  const { items, anchor } = pane.conversation
  const seq = items[index]?.seq ?? -1
  const { seqs } = visibleLines(pane)
  const seen = seqs.filter(one => one === seq).length
  const length = blockAt(pane, index).length
  if (seen >= Math.min(length, pane.rows)) return anchor
  const above = index < indexOfSeq(items, seqs[0] ?? 0) || seqs[0] === seq
  if (above) return clampToTop(pane, topAt(pane, index))
  return clampToTop(pane, { index, hiddenLines: 0 })
}

/** Where the pane is when an item is in its middle; where it is now, when all of the item is seen already. */
export function center(pane: Pane, index: number): Anchor | null {
  const { conversation, rows } = pane
  const { items, anchor } = conversation
  const item = items[index]
  if (!item) return anchor
  const seen = visibleLines(pane).seqs.filter(seq => seq === item.seq).length
  if (seen === blockAt(pane, index).length) return anchor
  const below = { ...pane, conversation: { ...conversation, anchor: { seq: item.seq, hiddenLines: 0 } } }
  return scroll(below, Math.floor(rows / 2))
}

/** The item at the bottom, and its lines below it, when the first line of another item is at the top. */
function topAt(pane: Pane, index: number): { index: number; hiddenLines: number } {
  const { items } = pane.conversation
  let count = 0
  for (let at = index; at < items.length; at++) {
    count += blockAt(pane, at).length
    if (count >= pane.rows) return { index: at, hiddenLines: count - pane.rows }
  }
  return { index: items.length - 1, hiddenLines: 0 }
}

/**
 * Where the pane is after it was scrolled by some lines, up when negative. It never goes past the first line, and at the
 * last one it follows what comes (null).
 */
export function scroll(pane: Pane, lines: number): Anchor | null {
  const { items } = pane.conversation
  let { index, hiddenLines } = startOf(pane)
  if (index < 0) return null
  hiddenLines -= lines
  while (hiddenLines < 0) {
    index++
    if (index >= items.length) return null
    hiddenLines += blockAt(pane, index).length
  }
  while (index >= 0) {
    const { length } = blockAt(pane, index)
    if (hiddenLines < length) break
    hiddenLines -= length
    index--
  }
  return clampToTop(pane, { index, hiddenLines })
}

function clampToTop(pane: Pane, at: { index: number; hiddenLines: number }): Anchor | null {
  const { items } = pane.conversation
  let above = at.index < 0 ? 0 : blockAt(pane, at.index).length - at.hiddenLines
  for (let index = at.index - 1; index >= 0 && above < pane.rows; index--)
    above += blockAt(pane, index).length
  if (above >= pane.rows) return anchorAt(pane, at)
  // The top is seen: fill the pane from there.
  let count = 0
  for (let index = 0; index < items.length; index++) {
    count += blockAt(pane, index).length
    if (count >= pane.rows) return anchorAt(pane, { index, hiddenLines: count - pane.rows })
  }
  return null
}

function anchorAt(
  { conversation: { items } }: Pane,
  at: { index: number; hiddenLines: number },
): Anchor | null {
  const item = items[at.index]
  if (!item || (at.index === items.length - 1 && at.hiddenLines === 0)) return null
  return { seq: item.seq, hiddenLines: at.hiddenLines }
}

/** The item at the bottom, and how many of its lines are below. */
function startOf(pane: Pane): { index: number; hiddenLines: number } {
  const { items, anchor } = pane.conversation
  if (anchor === null) return { index: items.length - 1, hiddenLines: 0 }
  const index = indexOfSeq(items, anchor.seq)
  if (index < 0) return { index: items.length - 1, hiddenLines: 0 }
  return { index, hiddenLines: Math.min(anchor.hiddenLines, Math.max(0, blockAt(pane, index).length - 1)) }
}

/** The last item with at most this `seq`, -1 when there is none. */
export function indexOfSeq(items: readonly TimelineItem[], seq: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((items[middle]?.seq ?? 0) <= seq) low = middle + 1
    else high = middle
  }
  return low - 1
}

function blockAt(pane: Pane, index: number): readonly Line[] {
  const { conversation, cols, rows, timeZone } = pane
  const item = conversation.items[index]
  if (!item) return []
  const before = conversation.items[index - 1]
  const { summary } = conversation
  return linesOf(item, {
    width: cols,
    nameWidth: nameColumn(conversation, cols),
    timeZone,
    me: pane.me,
    hasDayLine: !before || dayText(timeOf(before), timeZone) !== dayText(timeOf(item), timeZone),
    hasNewLine: conversation.newFromSeq === item.seq,
    left: leftOf(item, pane.now),
    transfer: pane.transfers.get(item.id),
    picture: pane.pictures.get(item.id),
    words: pane.matches.get(item.id) ?? NO_WORDS,
    showsPictures: summary.isRequest !== true && summary.isBlocked !== true,
    pictureRows: Math.max(MIN_PICTURE_ROWS, Math.min(MAX_PICTURE_ROWS, Math.floor(rows / 2))),
  })
}

/** The time that is left to a message that disappears; of one whose time does not run yet, all of it. */
function leftOf(item: TimelineItem, now: number): string {
  if (item.kind === 'notice' || item.content.type === 'deleted') return ''
  if (item.expiresAt !== undefined) return leftText(item.expiresAt - now)
  return item.expiresInMs === undefined ? '' : shortDuration(item.expiresInMs)
}

/** Both names, as far as the width allows. */
function nameColumn({ summary }: Conversation, cols: number): number {
  const longest =
    summary.kind === 'group' ? GROUP_NAME_COLS : Math.max(3, lineWidth(sanitizeLine(summary.with)))
  return Math.min(longest, MAX_NAME_COLS, Math.max(3, Math.floor(cols / 5)))
}
