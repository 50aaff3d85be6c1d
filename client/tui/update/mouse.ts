import { type ChatScreen, draftOf, type Model } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import { layoutChat, PROMPT_COLS } from '../view/layout.ts'
import { firstRow, rowsOf } from '../view/list.ts'
import { offsetAtCell } from '../width.ts'
import { scrollBy, show, withDraft } from './conversations.ts'
import { next } from './next.ts'
import { pressInOverlay } from './overlays.ts'
import type { DoAction } from './switcher.ts'

const WHEEL_LINES = 3

/** The mouse: the wheel scrolls, a click goes to a conversation, or to a place in the text that is being written. */
export function mouse(
  model: Model,
  chat: ChatScreen,
  { what, x, y, doAction }: Extract<Msg, { type: 'mouse' }> & { doAction: DoAction },
): Next {
  if (chat.question) return next(model, chat)
  if (chat.overlay) {
    if (what === 'press') return next(model, chat)
    return pressInOverlay(model, chat, { key: what === 'wheel-up' ? 'up' : 'down', doAction })
  }
  if (what === 'wheel-up') return scrollBy(model, chat, -WHEEL_LINES)
  if (what === 'wheel-down') return scrollBy(model, chat, WHEEL_LINES)
  const { list, composer, lines, firstLine } = layoutChat(model.size, chat)
  const line =
    y < composer.y || y >= composer.y + composer.rows ? undefined : lines[firstLine + y - composer.y]
  if (line && !chat.find) {
    const cursor = line.start + offsetAtCell(line.text, x - PROMPT_COLS)
    return next(model, withDraft({ ...chat, selected: null }, { ...draftOf(chat), cursor }))
  }
  if (!list || x >= list.cols || y < list.y || y >= list.y + list.rows) return next(model, chat)
  const rows = rowsOf(chat)
  const clicked = rows[firstRow(rows, chat, list.rows) + y - list.y]
  return clicked?.type === 'conversation'
    ? show(model, chat, clicked.conversation.summary.id)
    : next(model, chat)
}
