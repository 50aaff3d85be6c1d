import type { TimelineItem } from '../../chat.ts'
import type { Anchor, Conversation } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth } from '../width.ts'
import { type Line, linesOf, timeOf } from './message-lines.ts'
import { dayText } from './times.ts'

/**
 * The messages of a conversation as a list of which only what is seen is laid out: from the anchor upwards until the pane
 * is full, whether ten lines are above or a million.
 */
export interface Pane {
  conversation: Conversation
  cols: number
  rows: number
  timeZone: string
}

export interface VisibleLines {
  lines: readonly Line[]
  /** Index of the first item of which something is seen; 0 too when there are none. */
  firstIndex: number
}

const MAX_NAME_COLS = 16

/** The lines that the pane shows, at most `rows`. */
export function visibleLines(pane: Pane): VisibleLines {
  const { items } = pane.conversation
  const start = startOf(pane)
  const blocks: (readonly Line[])[] = []
  let count = 0
  let index = start.index
  for (; index >= 0 && count < pane.rows; index--) {
    const block = blockAt(pane, index)
    const seen = index === start.index ? block.slice(0, block.length - start.hiddenLines) : block
    blocks.unshift(seen)
    count += seen.length
  }
  const lines = blocks.flat()
  return {
    lines: lines.slice(Math.max(0, lines.length - pane.rows)),
    firstIndex: items.length ? index + 1 : 0,
  }
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
  const { conversation, cols, timeZone } = pane
  const item = conversation.items[index]
  if (!item) return []
  const before = conversation.items[index - 1]
  return linesOf(item, {
    width: cols,
    nameWidth: nameColumn(conversation, cols),
    timeZone,
    hasDayLine: !before || dayText(timeOf(before), timeZone) !== dayText(timeOf(item), timeZone),
    hasNewLine: conversation.newFromSeq === item.seq,
  })
}

/** Both names, as far as the width allows. */
function nameColumn({ summary }: Conversation, cols: number): number {
  const longest = Math.max(3, lineWidth(sanitizeLine(summary.with)))
  return Math.min(longest, MAX_NAME_COLS, Math.max(3, Math.floor(cols / 5)))
}
