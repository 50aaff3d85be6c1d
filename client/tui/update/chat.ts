import type { ChatEvent } from '../../chat.ts'
import { actionOf } from '../keymap.ts'
import type { Action } from '../keys.ts'
import { type ChatScreen, draftOf, type Model, openConversation } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import { type Edit, EMPTY_FIELD, edit, insert, moveTo, type TextField } from '../text-field.ts'
import { layoutChat } from '../view/layout.ts'
import { listedOf } from '../view/list.ts'
import { graphemeAt } from '../width.ts'
import { cancelAbout } from './about.ts'
import { answered } from './answers.ts'
import { complete } from './completing.ts'
import { submit } from './composing.ts'
import { patch, reading, scrollBy, show, withDraft } from './conversations.ts'
import { isEdit } from './edits.ts'
import { chatEvent } from './events.ts'
import { pressFind } from './finding.ts'
import { mouse } from './mouse.ts'
import { afterwards, next, said } from './next.ts'
import { pressInOverlay, takesText, typeInOverlay } from './overlays.ts'
import { askPictures } from './pictures.ts'
import { leaveFind, openFind, searchAgain, writeFind, write as writeQuery, writeSearch } from './searching.ts'
import { editLast, pressSelected, select } from './selecting.ts'
import { tellTyping, typingTick } from './typing.ts'
import { afterSending, controlInNormal, escapeVim, isNormal, pressVim, type VimElsewhere } from './vim.ts'

/** The chat screen. */
export function updateChat(model: Model, chat: ChatScreen, msg: Msg): Next {
  return askPictures(tellTyping(chat, inChat(model, chat, msg)))
}

function inChat(model: Model, chat: ChatScreen, msg: Msg): Next {
  switch (msg.type) {
    case 'key':
      return press(model, chat, msg.key)
    case 'text':
      return typed(model, chat, msg.text)
    case 'paste':
      return pasted(model, chat, msg.text)
    case 'mouse':
      return mouse(model, chat, { ...msg, doAction })
    case 'focus':
      return reading(model, chat)
    case 'tick':
      return next(model, typingTick(model, chat))
    case 'chat-event': {
      const done = chatEvent(model, chat, msg.event)
      const changed = changedIn(msg.event)
      if (changed === undefined) return done
      return afterwards(done, (now, screen) => searchAgain(now, screen, changed))
    }
    case 'resize':
    case 'accounts':
    case 'chat-opened':
    case 'chat-refused':
    case 'recovery-code':
    case 'server-measured':
    case 'password-judged':
    case 'idle':
    case 'unlocked':
    case 'unlock-refused':
      return next(model, chat)
    default:
      return answered(model, chat, msg)
  }
}

/** The conversation whose messages an event changes. */
function changedIn(event: ChatEvent): string | undefined {
  if (event.type === 'item') return event.item.kind === 'message' ? event.item.conversation : undefined
  return event.type === 'item-removed' || event.type === 'history-changed' ? event.conversation : undefined
}

/** What was typed is text where there is a field, else each letter is a key; the first one may open a field for the rest. */
function typed(model: Model, chat: ChatScreen, text: string): Next {
  let done = next(model, chat)
  let rest = text
  while (rest !== '') {
    const { screen } = done.model
    if (screen.type !== 'chat') return done
    const isByKey = takesKeys(screen) || isNormal(done.model, screen)
    const { end } = isByKey ? graphemeAt(rest, 0) : { end: rest.length }
    const part = rest.slice(0, end)
    rest = rest.slice(end)
    done = afterwards(done, (now, shown) =>
      isNormal(now, shown)
        ? pressVim(now, shown, { key: part, elsewhere })
        : takesKeys(shown)
          ? pressHere(now, shown, part.toLowerCase())
          : pasted(now, shown, part),
    )
  }
  return done
}

/** Whether letters are keys: nothing is written there. */
function takesKeys({ question, overlay, selected }: ChatScreen): boolean {
  return question !== null || (overlay ? !takesText(overlay) : selected !== null)
}

function pasted(model: Model, chat: ChatScreen, text: string): Next {
  if (chat.question) return next(model, chat)
  const { overlay } = chat
  if (overlay?.type === 'search')
    return writeSearch(model, chat, { overlay, field: writeQuery(overlay.field, text) })
  if (overlay) return next(model, typeInOverlay(chat, text))
  if (chat.find) return writeFind(model, chat, writeQuery(chat.find.field, text))
  return next(model, write({ ...chat, selected: null }, insert(draftOf(chat), text)))
}

function press(model: Model, chat: ChatScreen, key: string): Next {
  const action = actionOf(model.keymap, key)
  if (action === 'interrupt') return interrupt(model, chat)
  if (action === 'quit' || action === 'redraw' || action === 'suspend') return doAction(model, chat, action)
  return pressHere(model, chat, key)
}

/** What a key does that is not taken by what is in front. */
function doAction(model: Model, chat: ChatScreen, action: Exclude<Action, 'interrupt'>): Next {
  switch (action) {
    case 'quit':
    case 'redraw':
    case 'suspend':
      return next(model, chat, { type: action })
    default:
      return act(model, chat, action)
  }
}

/** A key, or a letter where letters are keys: for what is in front. */
function pressHere(model: Model, chat: ChatScreen, key: string): Next {
  if (chat.question) return answer(model, chat, key)
  if (chat.overlay) return pressInOverlay(model, chat, { key, doAction })
  const found = pressFind(model, chat, key)
  if (found) return found
  if (chat.selected !== null) {
    const done = pressSelected(model, chat, key)
    if (done) return done
  }
  if (key === 'escape') {
    const escaped = escapeVim(model, chat)
    if (escaped) return escaped
  }
  const inVim = isNormal(model, chat) ? controlInNormal(key) : null
  if (inVim) return elsewhere(model, chat, inVim)
  const action = actionOf(model.keymap, key)
  if (key === 'escape' && openConversation(chat)?.about) return next(model, cancelAbout(chat))
  if (action === undefined || action === 'interrupt' || action === 'quit') return next(model, chat)
  if (action === 'redraw' || action === 'suspend') return next(model, chat)
  return act(model, leavesSelection(action) ? { ...chat, selected: null } : chat, action)
}

/** What vi's commands do beside the composer. */
function elsewhere(model: Model, chat: ChatScreen, what: VimElsewhere): Next {
  switch (what) {
    case 'line-up': {
      const moved = moveByLine(model, chat, -1)
      return moved === chat ? select(model, chat) : next(model, moved)
    }
    case 'line-down':
      return next(model, moveByLine(model, chat, 1))
    default:
      return act(model, chat, what)
  }
}

/** One may look around without losing what is selected. */
function leavesSelection(action: Action): boolean {
  return action !== 'page-up' && action !== 'page-down'
}

/** Only `y` is a yes. */
function answer(model: Model, chat: ChatScreen, key: string): Next {
  const { question } = chat
  const asked = { ...chat, question: null, flash: null }
  if (!question || key !== 'y') return said(model, asked, 'Nothing was done.')
  return next(model, { ...asked, busy: question.busy === '' ? null : question.busy }, ...question.commands)
}

function act(
  model: Model,
  chat: ChatScreen,
  action: Exclude<Action, 'interrupt' | 'quit' | 'redraw' | 'suspend'>,
): Next {
  if (isEdit(action)) return next(model, editDraft(chat, action))
  switch (action) {
    case 'send':
      return submit(afterSending(model), chat)
    case 'newline':
      return next(model, write(chat, insert(draftOf(chat), '\n')))
    case 'complete':
      return complete(model, chat)
    case 'up':
      if (draftOf(chat).text === '') return editLast(model, chat)
      return next(model, moveByLine(model, chat, -1))
    case 'down':
      return next(model, moveByLine(model, chat, 1))
    case 'previous-conversation':
      return step(model, chat, -1)
    case 'next-conversation':
      return step(model, chat, 1)
    case 'next-unread':
      return nextUnread(model, chat)
    case 'editor':
      return next(model, chat, { type: 'edit-draft', conversation: chat.open, text: draftOf(chat).text })
    case 'paste-deleted':
      return next(model, write(chat, insert(draftOf(chat), chat.deleted)))
    case 'switch': {
      // Within a text it deletes to the end of the line, as everywhere else.
      const cut = editDraft(chat, 'delete-to-end')
      if (cut !== chat) return next(model, cut)
      return next(model, { ...chat, overlay: { type: 'switcher', field: EMPTY_FIELD, selected: 0 } })
    }
    case 'find':
      return openFind(model, chat)
    case 'help':
      return next(model, { ...chat, overlay: { type: 'help', scroll: 0 } })
    case 'page-up':
      return scrollBy(model, chat, -pageLines(model, chat))
    case 'page-down':
      return scrollBy(model, chat, pageLines(model, chat))
    case 'select':
      return select(model, chat)
    case 'to-newest':
      return toNewest(model, { ...chat, flash: null })
    default:
      return action satisfies never
  }
}

/** Ctrl-C empties the composer first; what was in it can be had back. */
function interrupt(model: Model, chat: ChatScreen): Next {
  if (chat.find && !chat.overlay) return leaveFind(model, chat)
  const { text } = draftOf(chat)
  if (openConversation(chat)?.about) return next(model, { ...cancelAbout(chat), deleted: text })
  if (text === '') return next(model, chat, { type: 'quit' })
  const emptied = { ...write(chat, EMPTY_FIELD), deleted: text }
  return said(model, emptied, 'Emptied: Ctrl-Y brings it back, Ctrl-C once more quits.')
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
  const listed = listedOf(chat)
  const at = listed.findIndex(({ summary }) => summary.id === chat.open)
  const to = listed[at < 0 ? 0 : Math.max(0, Math.min(at + by, listed.length - 1))]
  return to ? show(model, chat, to.summary.id) : next(model, chat)
}

/** First where one is named; requests only when nothing else is unread. */
function nextUnread(model: Model, chat: ChatScreen): Next {
  const listed = listedOf(chat)
  const at = listed.findIndex(({ summary }) => summary.id === chat.open)
  const unread = [...listed.slice(at + 1), ...listed.slice(0, at + 1)].filter(
    ({ summary }) => summary.unread > 0,
  )
  const wanted = unread.filter(({ summary }) => !summary.isRequest)
  const found = wanted.find(({ summary }) => summary.mentions) ?? wanted[0] ?? unread[0]
  return found ? show(model, chat, found.summary.id) : said(model, chat, 'Nothing unread.')
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
