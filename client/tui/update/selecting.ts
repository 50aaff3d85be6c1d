import type { MessageItem } from '../../chat.ts'
import { actionIn } from '../keys.ts'
import { canDo, canSelect } from '../message-actions.ts'
import { type About, type ChatScreen, type Conversation, type Model, openConversation } from '../model.ts'
import type { Next } from '../msg.ts'
import { sanitizeLine, sanitizeText } from '../sanitize.ts'
import { EMPTY_FIELD, fieldOf } from '../text-field.ts'
import { excerptOf, fileName } from '../view/message-text.ts'
import { indexOfSeq, paneOf, reveal, visibleLines } from '../view/pane.ts'
import { cancelAbout } from './about.ts'
import { patch, scrollTo } from './conversations.ts'
import { next, said, wrong } from './next.ts'

/** Selects the last message that is seen. */
export function select(model: Model, chat: ChatScreen): Next {
  const pane = paneOf(model, chat)
  if (!pane) return next(model, chat)
  const seen = visibleLines(pane).seqs.at(-1)
  const { items } = pane.conversation
  const from = seen === undefined ? items.length : indexOfSeq(items, seen) + 1
  return moveTo(model, chat, { from, by: -1 })
}

/** A key while a message is selected; null: it means nothing there. A letter that means nothing does nothing. */
export function pressSelected(model: Model, chat: ChatScreen, key: string): Next | null {
  const open = openConversation(chat)
  const item = open && selectedItem(open, chat)
  if (!open || !item) return null
  const action = actionIn(model.keymap.selected, key)
  const left: ChatScreen = { ...chat, selected: null, flash: null }
  switch (action) {
    case undefined:
      return key.length === 1 ? next(model, chat) : null
    case 'above':
    case 'below': {
      const from = indexOfSeq(open.items, item.seq)
      return moveTo(model, chat, { from, by: action === 'above' ? -1 : 1 })
    }
    case 'leave':
      return next(model, left)
    case 'reply':
      return next(model, withAbout(left, open, replyTo(item)))
    case 'edit':
      return edit(model, left, { open, item })
    case 'delete':
      return remove(model, left, { open, item })
    case 'react': {
      const mine = item.reactions?.find(({ from }) => from.includes(chat.me))?.emoji ?? null
      const overlay = { type: 'react' as const, id: item.id, current: mine, field: EMPTY_FIELD, selected: 0 }
      return next(model, { ...left, overlay })
    }
    case 'save': {
      if (item.content.type !== 'file') return wrong(model, chat, 'There is no file in this message.')
      const busy = `saving ${fileName(item.content.name)}`
      return next(model, { ...left, busy }, { type: 'save-file', id: item.id })
    }
    case 'open':
      return openPicture(model, left, item)
    case 'copy': {
      const text = textOf(item)
      if (text === '') return wrong(model, chat, 'There is no text in this message.')
      const copied = said(model, left, 'Copied, if this terminal lets programs do that.')
      return { ...copied, commands: [{ type: 'copy', text }] }
    }
    default:
      return action satisfies never
  }
}

/** Up in an empty composer: the last message of one's own that can be edited. */
export function editLast(model: Model, chat: ChatScreen): Next {
  const open = openConversation(chat)
  const item = open?.items.findLast(
    (one): one is MessageItem =>
      one.kind === 'message' && canDo('edit', { item: one, summary: open.summary }),
  )
  return open && item ? edit(model, chat, { open, item }) : next(model, chat)
}

interface Selected {
  open: Conversation
  item: MessageItem
}

function selectedItem({ items }: Conversation, { selected }: ChatScreen): MessageItem | undefined {
  const item = selected === null ? undefined : items[indexOfSeq(items, selected)]
  return item?.kind === 'message' && item.seq === selected ? item : undefined
}

/** To the next message in a direction; it stays where it is when there is none. */
function moveTo(model: Model, chat: ChatScreen, { from, by }: { from: number; by: -1 | 1 }): Next {
  const pane = paneOf(model, chat)
  if (!pane) return next(model, chat)
  const { items } = pane.conversation
  let at = from + by
  let item = items[at]
  while (item && !canSelect(item)) {
    at += by
    item = items[at]
  }
  if (!item) return next(model, chat)
  const anchor = reveal(pane, at)
  return scrollTo(model, { ...chat, selected: item.seq, flash: null }, { pane, anchor })
}

function replyTo(item: MessageItem): About {
  return {
    type: 'reply',
    id: item.id,
    from: item.mine ? 'you' : sanitizeLine(item.from),
    excerpt: excerptOf(item.content),
  }
}

function edit(model: Model, chat: ChatScreen, { open, item }: Selected): Next {
  if (!canDo('edit', { item, summary: open.summary }))
    return wrong(model, chat, 'Only your own texts can be edited.')
  // An edit that was begun before gives its place up, not the draft that it keeps.
  const before = open.about?.type === 'edit' ? open.about.before : open.draft
  const about: About = { type: 'edit', id: item.id, excerpt: excerptOf(item.content), before }
  const edited = patch(chat, open.summary.id, was => ({ ...was, about, draft: fieldOf(textOf(item)) }))
  return next(model, { ...edited, selected: null, flash: null })
}

function withAbout(chat: ChatScreen, open: Conversation, about: About): ChatScreen {
  return patch(open.about ? cancelAbout(chat) : chat, open.summary.id, was => ({ ...was, about }))
}

function remove(model: Model, chat: ChatScreen, { open, item }: Selected): Next {
  if (!canDo('delete', { item, summary: open.summary })) {
    const who = open.summary.kind === 'group' ? 'Only its author and admins' : 'Only its author'
    return wrong(model, chat, `${who} can delete this message for all.`)
  }
  const question = {
    text: 'Delete this message for everybody?',
    commands: [{ type: 'delete-message' as const, id: item.id }],
    busy: '',
  }
  return next(model, { ...chat, question })
}

function openPicture(model: Model, chat: ChatScreen, { id, content }: MessageItem): Next {
  if (content.type !== 'file' || !content.image)
    return wrong(model, chat, 'There is no picture in this message.')
  const known = chat.pictures.get(id)
  const isComing = known === 'loading' || (known !== undefined && 'rgb' in known)
  const shown: ChatScreen = { ...chat, overlay: { type: 'picture', id, title: fileName(content.name) } }
  if (isComing) return next(model, shown)
  const pictures = new Map(chat.pictures).set(id, 'loading')
  return next(model, { ...shown, pictures }, { type: 'picture', id })
}

function textOf({ content }: MessageItem): string {
  if (content.type === 'text') return sanitizeText(content.text)
  return content.type === 'file' ? sanitizeText(content.caption ?? '') : ''
}
