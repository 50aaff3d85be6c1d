import type { ChatEvent, Connection, ConversationId, ConversationSummary, TimelineItem } from '../chat.ts'
import { bannerOf } from '../tui/conversation-name.ts'
import type { ChatScreen, Model } from '../tui/model.ts'
import { openConversation } from '../tui/model.ts'
import type { Msg } from '../tui/msg.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import {
  type Around,
  addressText,
  changeLines,
  excerpt,
  hitLine,
  longName,
  messageLine,
  noticeLine,
} from './message-line.ts'
import { overlayLines } from './overlay-lines.ts'

/** What a message has changed, in lines. */
export interface Told {
  lines: string[]
  /** A message that was told counts as read. */
  read?: { conversation: ConversationId; upToSeq: number }
}

/** Tells in lines what is new: the counterpart of the views, which draw what there is. */
export interface Teller {
  tell(before: Model, msg: Msg, after: Model): Told
}

/** Of a conversation that is opened, besides what is unread. */
const CONTEXT_ITEMS = 5
/** Versions of messages that are kept to tell what has changed of them. */
const MAX_KNOWN = 2000

export function createTeller(): Teller {
  const known = new Map<string, TimelineItem>()
  /** Of conversations that were not told of yet: whether it is a stranger's is not known. */
  const early = new Map<ConversationId, TimelineItem[]>()
  let connection: Connection | null = null

  /** The version that was told before. */
  function note<I extends TimelineItem>(item: I): I | undefined {
    const before = known.get(item.id)
    known.delete(item.id)
    known.set(item.id, item)
    for (const oldest of known.keys()) if (known.size > MAX_KNOWN) known.delete(oldest)
    return before?.kind === item.kind ? (before as I) : undefined
  }

  function itemLines(item: TimelineItem, chat: ChatScreen, around: Around): Told {
    const summary = summaryOf(chat, item.conversation)
    if (!summary) {
      early.set(item.conversation, [...(early.get(item.conversation) ?? []), item])
      return { lines: [] }
    }
    // Strangers set nothing off, and of whom one has blocked nothing is told.
    const isHidden = summary.isBlocked || (summary.isRequest && chat.open !== summary.id)
    if (isHidden) return { lines: [] }
    if (item.kind === 'notice') {
      return { lines: note(item) ? [] : [noticeLine(item, { summary, around })] }
    }
    const before = note(item)
    if (before) return { lines: changeLines(before, item, { summary, around }) }
    // What was written here stands there already; a file does not.
    const isTyped = item.mine && item.state === 'queued' && item.content.type === 'text'
    if (isTyped) return { lines: [] }
    const lines = [messageLine(item, { summary, around })]
    const isOther = !item.mine && chat.open !== summary.id
    return isOther ? { lines, read: { conversation: summary.id, upToSeq: item.seq } } : { lines }
  }

  function eventLines(before: ChatScreen, event: ChatEvent, chat: ChatScreen, around: Around): Told {
    switch (event.type) {
      case 'item':
        return itemLines(event.item, chat, around)
      case 'conversation': {
        const { conversation } = event
        const items = early.get(conversation.id) ?? []
        early.delete(conversation.id)
        const told = items.map(item => itemLines(item, chat, around))
        const was = summaryOf(before, conversation.id)
        const isNew = conversation.isRequest && !conversation.isBlocked && !was?.isRequest
        const read = told.findLast(one => one.read)?.read
        return {
          lines: [...(isNew ? [requestLine(conversation)] : []), ...told.flatMap(({ lines }) => lines)],
          ...(read ? { read } : {}),
        }
      }
      case 'connection':
        return { lines: connected(event.connection) }
      case 'history-offers': {
        const [offer] = event.offers
        return { lines: offer ? [offerLine(offer.messages)] : [] }
      }
      case 'transfer': {
        const { transfer } = event
        if (transfer.state !== 'failed') return { lines: [] }
        const item = known.get(transfer.message)
        const what = item?.kind === 'message' ? `: ${excerpt(item.content)}` : ''
        return { lines: [`! ${transfer.direction === 'up' ? 'not uploaded' : 'not fetched'}${what}`] }
      }
      case 'item-removed':
        known.delete(event.id)
        return { lines: [] }
      case 'history-changed':
      case 'queued':
      case 'typing':
      case 'presence':
      case 'settings':
      case 'drained':
      // The start screen says why.
      case 'closed':
        return { lines: [] }
      default:
        // The owner of the session may be a newer version.
        event satisfies never
        return { lines: [] }
    }
  }

  function connected(now: Connection): string[] {
    const was = connection
    connection = now
    if (now.state === 'connecting' || (was?.state === now.state && now.state === 'online')) return []
    if (now.state === 'online') return [`* Online at ${sanitizeLine(now.server)}.`]
    if (was?.state === 'offline' && was.reason === now.reason) return []
    const again = now.retryInMs === undefined ? '' : ' It is tried again; what you write is kept.'
    return [`! Offline: ${sanitizeLine(now.reason)}.${again}`]
  }

  function historyLines(
    before: Model,
    msg: Extract<Msg, { type: 'history' }>,
    { chat, around }: { chat: ChatScreen; around: Around },
  ): Told {
    const summary = summaryOf(chat, msg.conversation)
    const wasOpen = before.screen.type === 'chat' ? before.screen : chat
    const unread = summaryOf(wasOpen, msg.conversation)?.unread ?? 0
    const isOpen = chat.open === msg.conversation
    const count = msg.beforeSeq === undefined ? unread + (isOpen ? CONTEXT_ITEMS : 0) : msg.items.length
    const items = count === 0 ? [] : msg.items.slice(-count)
    const lines = items
      .filter(item => note(item) === undefined)
      .map(item => {
        if (item.kind === 'notice') return noticeLine(item, { summary, around })
        return messageLine(item, { summary, around })
      })
    const newest = items.at(-1)
    const isRead = !isOpen && newest !== undefined && msg.beforeSeq === undefined
    return {
      lines,
      ...(isRead ? { read: { conversation: msg.conversation, upToSeq: newest.seq } } : {}),
    }
  }

  return {
    tell(before, msg, after) {
      const { screen } = after
      const was = before.screen
      if (screen.type === 'start') {
        const isNew = was.type === 'chat' || was.reason !== screen.reason
        return { lines: isNew && screen.reason !== null ? [sanitizeLine(screen.reason)] : [] }
      }
      const around = { me: screen.me, timeZone: after.timeZone, now: after.now }
      const lines: string[] = []
      if (msg.type === 'chat-opened')
        lines.push(`You are ${sanitizeLine(screen.me)}. /help lists what can be written.`)
      lines.push(...openedLines(was.type === 'chat' ? was : null, screen))
      let told: Told = { lines: [] }
      if (msg.type === 'chat-event' && was.type === 'chat') told = eventLines(was, msg.event, screen, around)
      if (msg.type === 'chat-opened') {
        told = { lines: [...connected(screen.connection), ...waitingLines(screen)] }
      }
      if (msg.type === 'history') told = historyLines(before, msg, { chat: screen, around })
      if (msg.type === 'found') {
        const { hits, total } = msg.found
        told = {
          lines: [
            hits.length === total ? `Found: ${total}` : `Found: ${total}, of these the best ${hits.length}`,
            ...hits.map(hit => hitLine(hit, { summary: summaryOf(screen, hit.conversation), around })),
          ],
        }
      }
      const { flash, question, overlay } = screen
      const chatBefore = was.type === 'chat' ? was : null
      const asks: string[] = []
      if (flash && flash !== chatBefore?.flash) {
        // What keys would do, numbers do here.
        asks.push(`${flash.kind === 'error' ? '! ' : ''}${sanitizeLine(flash.text)}`)
      }
      if (overlay && overlay !== chatBefore?.overlay)
        asks.push(...overlayLines(overlay, { chat: screen, timeZone: after.timeZone }))
      if (question && question !== chatBefore?.question) asks.push(questionLine(question.text))
      return { ...told, lines: [...lines, ...told.lines, ...asks] }
    },
  }
}

export function questionLine(text: string): string {
  return `${sanitizeLine(text)} y or n:`
}

function openedLines(before: ChatScreen | null, chat: ChatScreen): string[] {
  const open = openConversation(chat)
  const was = before && openConversation(before)
  if (!open) return before ? [] : ['No conversation is open: /msg USER or /msg #GROUP opens one.']
  const banner = bannerOf(open.summary)?.text
  if (was?.summary.id !== open.summary.id) {
    return [`Now writing to ${longName(open.summary)}.`, ...(banner === undefined ? [] : [`! ${banner}`])]
  }
  return banner !== undefined && banner !== bannerOf(was.summary)?.text ? [`! ${banner}`] : []
}

/** What there is besides the conversation that is open. */
function waitingLines({ conversations, historyOffers }: ChatScreen): string[] {
  const requests = conversations.filter(
    ({ summary }) => summary.isRequest && !summary.isBlocked && summary.unread > 0,
  )
  const [offer] = historyOffers
  return [
    ...requests.map(({ summary }) => requestLine(summary)),
    ...(offer ? [offerLine(offer.messages)] : []),
  ]
}

function requestLine(summary: ConversationSummary): string {
  const name = addressText(summary)
  const who =
    summary.kind === 'group' ? `You were added to ${name} by a stranger` : `${name}, a stranger, writes`
  return `! ${who}: /msg ${name} shows it; then /accept, or /block.`
}

function offerLine(messages: number): string {
  return `! A device of yours offers history, messages: ${messages}. /history accept, or /history decline`
}

function summaryOf({ conversations }: ChatScreen, id: ConversationId): ConversationSummary | undefined {
  return conversations.find(({ summary }) => summary.id === id)?.summary
}
