import { type Action, actionOf } from '../keys.ts'
import { type ChatScreen, draftOf, type Model } from '../model.ts'
import type { Command, Msg, Next } from '../msg.ts'
import { type Edit, EMPTY_FIELD, edit, insert, moveTo, type TextField } from '../text-field.ts'
import { firstListed } from '../view/chat.ts'
import { layoutChat } from '../view/layout.ts'
import { complete, giveBack, opened, submit } from './composing.ts'
import { patch, reading, scrollBy, show, withDraft } from './conversations.ts'
import { isEdit } from './edits.ts'
import { chatEvent, historyCame } from './events.ts'
import { pressInOverlay, typeInOverlay } from './overlays.ts'

const WHEEL_LINES = 3

/** The chat screen. */
export function updateChat(model: Model, chat: ChatScreen, msg: Msg): Next {
  switch (msg.type) {
    case 'key':
      return press(model, chat, msg.key)
    case 'text':
    case 'paste':
      if (chat.overlay) return next(model, typeInOverlay(chat, msg.text))
      return next(model, write(chat, insert(draftOf(chat), msg.text)))
    case 'mouse':
      return mouse(model, chat, msg)
    case 'focus':
      return reading(model, chat)
    case 'chat-event':
      return chatEvent(model, chat, msg.event)
    case 'history':
      return historyCame(model, chat, msg)
    case 'history-failed': {
      const failed = patch(chat, msg.conversation, before => ({
        ...before,
        load: before.items.length > 0 ? 'loaded' : 'none',
      }))
      return next(model, { ...failed, flash: { kind: 'error', text: msg.failure.message } })
    }
    case 'conversation-opened':
      return opened(model, chat, msg)
    case 'open-refused': {
      const back = msg.typed === undefined ? chat : giveBack(chat, msg.typed)
      return next(model, { ...back, busy: null, flash: { kind: 'error', text: msg.failure.message } })
    }
    case 'send-refused': {
      const back = giveBack(chat, msg.text, msg.conversation)
      return next(model, { ...back, flash: { kind: 'error', text: msg.failure.message } })
    }
    case 'failed':
      return next(model, { ...chat, busy: null, flash: { kind: 'error', text: msg.failure.message } })
    default:
      return next(model, chat)
  }
}

function press(model: Model, chat: ChatScreen, key: string): Next {
  const action = actionOf(key)
  if (action === 'interrupt') return interrupt(model, chat)
  if (action === 'quit') return next(model, chat, { type: 'quit' })
  if (action === 'redraw') return next(model, chat, { type: 'redraw' })
  if (action === 'suspend') return next(model, chat, { type: 'suspend' })
  if (chat.overlay) return pressInOverlay(model, chat, key)
  return action === undefined ? next(model, chat) : act(model, chat, action)
}

function act(
  model: Model,
  chat: ChatScreen,
  action: Exclude<Action, 'interrupt' | 'quit' | 'redraw' | 'suspend'>,
): Next {
  if (isEdit(action)) return next(model, editDraft(chat, action))
  switch (action) {
    case 'send':
      return submit(model, chat)
    case 'newline':
      return next(model, write(chat, insert(draftOf(chat), '\n')))
    case 'complete':
      return complete(model, chat)
    case 'up':
      return next(model, moveByLine(model, chat, -1))
    case 'down':
      return next(model, moveByLine(model, chat, 1))
    case 'previous-conversation':
      return step(model, chat, -1)
    case 'next-conversation':
      return step(model, chat, 1)
    case 'next-unread':
      return nextUnread(model, chat)
    case 'paste-deleted':
      return next(model, write(chat, insert(draftOf(chat), chat.deleted)))
    case 'switch': {
      // Within a text it deletes to the end of the line, as everywhere else.
      const cut = editDraft(chat, 'delete-to-end')
      if (cut !== chat) return next(model, cut)
      return next(model, { ...chat, overlay: { type: 'switcher', field: EMPTY_FIELD, selected: 0 } })
    }
    case 'help':
      return next(model, { ...chat, overlay: { type: 'help', scroll: 0 } })
    case 'page-up':
      return scrollBy(model, chat, -pageLines(model, chat))
    case 'page-down':
      return scrollBy(model, chat, pageLines(model, chat))
    case 'to-newest':
      return toNewest(model, { ...chat, flash: null })
    default:
      return action satisfies never
  }
}

/** Ctrl-C empties the composer first; what was in it can be had back. */
function interrupt(model: Model, chat: ChatScreen): Next {
  const { text } = draftOf(chat)
  if (text === '') return next(model, chat, { type: 'quit' })
  const said = 'Emptied: Ctrl-Y brings it back, Ctrl-C once more quits.'
  return next(model, { ...write(chat, EMPTY_FIELD), deleted: text, flash: { kind: 'info', text: said } })
}

/** What was answered to the last Enter is gone with the next letter. */
function write(chat: ChatScreen, draft: TextField): ChatScreen {
  return draft === draftOf(chat) ? chat : withDraft({ ...chat, flash: null }, draft)
}

function editDraft(chat: ChatScreen, action: Edit): ChatScreen {
  const before = draftOf(chat)
  const after = edit(before, action)
  const written = write(chat, after)
  const isCut = action === 'delete-word' || action === 'delete-to-start' || action === 'delete-to-end'
  const count = before.text.length - after.text.length
  if (!isCut || count === 0) return written
  return { ...written, deleted: before.text.slice(after.cursor, after.cursor + count) }
}

function moveByLine(model: Model, chat: ChatScreen, by: -1 | 1): ChatScreen {
  const { lines, cursorLine } = layoutChat(model.size, chat)
  const draft = draftOf(chat)
  const from = lines[cursorLine]
  const to = lines[cursorLine + by]
  if (!from || !to) return chat
  return withDraft(chat, moveTo(draft, Math.min(to.end, to.start + draft.cursor - from.start)))
}

function step(model: Model, chat: ChatScreen, by: -1 | 1): Next {
  const { conversations } = chat
  const at = conversations.findIndex(({ summary }) => summary.id === chat.open)
  const to = conversations[at < 0 ? 0 : Math.max(0, Math.min(at + by, conversations.length - 1))]
  return to ? show(model, chat, to.summary.id) : next(model, chat)
}

function nextUnread(model: Model, chat: ChatScreen): Next {
  const { conversations } = chat
  const at = conversations.findIndex(({ summary }) => summary.id === chat.open)
  const found = [...conversations.slice(at + 1), ...conversations.slice(0, at + 1)].find(
    ({ summary }) => summary.unread > 0,
  )
  if (found) return show(model, chat, found.summary.id)
  return next(model, { ...chat, flash: { kind: 'info', text: 'Nothing unread.' } })
}

function toNewest(model: Model, chat: ChatScreen): Next {
  if (chat.open === null) return next(model, chat)
  return reading(
    model,
    patch(chat, chat.open, before => ({ ...before, anchor: null })),
  )
}

/** A page, but for a line that is seen on both. */
function pageLines(model: Model, chat: ChatScreen): number {
  return Math.max(1, layoutChat(model.size, chat).messages.rows - 1)
}

function mouse(model: Model, chat: ChatScreen, { what, x, y }: Extract<Msg, { type: 'mouse' }>): Next {
  if (chat.overlay) {
    if (what === 'press') return next(model, chat)
    return pressInOverlay(model, chat, what === 'wheel-up' ? 'up' : 'down')
  }
  if (what === 'wheel-up') return scrollBy(model, chat, -WHEEL_LINES)
  if (what === 'wheel-down') return scrollBy(model, chat, WHEEL_LINES)
  const { list } = layoutChat(model.size, chat)
  if (!list || x >= list.cols || y < list.y || y >= list.y + list.rows) return next(model, chat)
  const { conversations } = chat
  const open = conversations.findIndex(({ summary }) => summary.id === chat.open)
  const first = firstListed(open, { count: conversations.length, rows: list.rows })
  const clicked = conversations[first + y - list.y]
  return clicked ? show(model, chat, clicked.summary.id) : next(model, chat)
}

function next(model: Model, chat: ChatScreen, ...commands: Command[]): Next {
  return { model: { ...model, screen: chat }, commands }
}
