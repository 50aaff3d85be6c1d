import { limits } from '../../../schema/limits.ts'
import type { ConversationId } from '../../chat.ts'
import type { SearchHit } from '../../searching.ts'
import { type Asked, asked, type Find } from '../asked.ts'
import type { ChatScreen, Model } from '../model.ts'
import { openConversation } from '../model.ts'
import type { Command, Msg, Next } from '../msg.ts'
import type { SearchOverlay } from '../overlay.ts'
import { EMPTY_FIELD, insert, type TextField } from '../text-field.ts'
import { patch, reading } from './conversations.ts'
import { goTo } from './going.ts'
import { afterwards, next, wrong } from './next.ts'

/** Begins a search in the open conversation. Nothing is found yet, but the session may get ready. */
export function openFind(model: Model, chat: ChatScreen): Next {
  const open = openConversation(chat)
  if (!open) return openSearch(model, chat, '')
  const find: Find = { ...asked(EMPTY_FIELD), at: 0, back: open.anchor }
  return askFind(model, { ...chat, flash: null, selected: null }, find)
}

/** Begins a search over all conversations. */
export function openSearch(model: Model, chat: ChatScreen, text: string): Next {
  const field = write(EMPTY_FIELD, text)
  return askSearch(model, chat, { type: 'search', ...asked(field), selected: 0 })
}

/** The text of a search becomes another one. */
export function writeFind(model: Model, chat: ChatScreen, field: TextField): Next {
  const { find } = chat
  if (!find || field === find.field) return next(model, chat)
  const written = { ...find, field }
  if (field.text === find.field.text) return next(model, { ...chat, find: written })
  return askFind(model, { ...chat, flash: null }, written)
}

/** The same for a search over all. */
export function writeSearch(
  model: Model,
  chat: ChatScreen,
  { overlay, field }: { overlay: SearchOverlay; field: TextField },
): Next {
  if (field === overlay.field) return next(model, chat)
  const written = { ...overlay, field }
  if (field.text === overlay.field.text) return next(model, { ...chat, overlay: written })
  return askSearch(model, { ...chat, flash: null }, { ...written, selected: 0 })
}

/** Types or pastes into a search: one line, and no longer than a query may be. */
export function write(field: TextField, typed: string): TextField {
  const written = insert(field, typed.replace(/\s+/g, ' '))
  return written.text.length > limits.maxQueryChars ? field : written
}

/** Ends the search where one is now, with that message selected. */
export function keepFound(model: Model, chat: ChatScreen): Next {
  const hit = hitOf(chat)
  const left = { ...chat, find: null }
  if (!hit) return next(model, left)
  return goTo(model, left, { conversation: hit.conversation, seq: hit.seq, isSelected: true })
}

/** Ends the search, back where one was before it. */
export function leaveFind(model: Model, chat: ChatScreen): Next {
  const { find, open } = chat
  if (!find || open === null) return next(model, { ...chat, find: null, goal: null })
  const left = patch(chat, open, before => ({ ...before, anchor: find.back }))
  return reading(model, { ...left, find: null, goal: null, flash: null })
}

/** The message that was found and is seen. */
export function hitOf({ find }: ChatScreen): SearchHit | undefined {
  return find?.hits[find.at]
}

/** To an older (1) or a newer (-1) message that was found; more of them are asked for when the last one is reached. */
export function stepFind(model: Model, chat: ChatScreen, by: 1 | -1): Next {
  const { find } = chat
  if (!find || find.hits.length === 0) return next(model, chat)
  const at = Math.max(0, Math.min(find.at + by, find.hits.length - 1))
  const stepped = { ...find, at }
  const shown = showHit(model, { ...chat, find: stepped })
  if (!isShort(stepped, at)) return shown
  return afterwards(shown, (now, screen) =>
    next(
      now,
      { ...screen, find: screen.find && { ...screen.find, isAsking: true } },
      question(stepped, { conversation: screen.open ?? '', isMore: true }),
    ),
  )
}

/** Chooses another one of those that were found over all. */
export function selectHit(
  model: Model,
  chat: ChatScreen,
  { overlay, selected: wanted }: { overlay: SearchOverlay; selected: number },
): Next {
  const selected = Math.max(0, Math.min(wanted, overlay.hits.length - 1))
  const chosen = { ...overlay, selected }
  if (!isShort(chosen, selected)) return next(model, { ...chat, overlay: chosen })
  return next(model, { ...chat, overlay: { ...chosen, isAsking: true } }, question(chosen, { isMore: true }))
}

/** Opens the conversation of one that was found over all, at its message. */
export function openHit(model: Model, chat: ChatScreen, overlay: SearchOverlay): Next {
  const hit = overlay.hits[overlay.selected]
  if (!hit) return next(model, chat)
  const { conversation, seq } = hit
  if (!chat.conversations.some(({ summary }) => summary.id === conversation))
    return wrong(model, chat, 'That conversation is not there any more.')
  const closed = { ...chat, overlay: null, find: null, flash: null }
  return goTo(model, closed, { conversation, seq, isSelected: true })
}

/** What was asked for has come. */
export function foundCame(model: Model, chat: ChatScreen, msg: Extract<Msg, { type: 'found' }>): Next {
  if (msg.conversation === undefined) {
    const { overlay } = chat
    if (overlay?.type !== 'search') return next(model, chat)
    const before = overlay.hits[overlay.selected]
    const came = { ...overlay, ...withFound(overlay, msg) }
    const selected = placeOf(came.hits, { before, isSame: overlay.query === msg.query, at: overlay.selected })
    const known = { ...came, selected }
    if (overlay.isStale) return askSearch(model, chat, known)
    return next(model, { ...chat, overlay: known })
  }
  const { find } = chat
  if (!find || msg.conversation !== chat.open) return next(model, chat)
  const isSame = find.query === msg.query
  const came = { ...find, ...withFound(find, msg) }
  const at = placeOf(came.hits, { before: hitOf(chat), isSame, at: find.at })
  const known = { ...came, at }
  // What is seen stays where it is when only more has come.
  const shown = isSame ? next(model, { ...chat, find: known }) : showHit(model, { ...chat, find: known })
  if (!find.isStale) return shown
  return afterwards(shown, (now, screen) =>
    screen.find ? askFind(now, screen, screen.find) : next(now, screen),
  )
}

/** The session has refused: with the next letter it is asked again. */
export function searchFailed(
  model: Model,
  chat: ChatScreen,
  { conversation, failure }: Extract<Msg, { type: 'search-failed' }>,
): Next {
  const idle = { isAsking: false, isStale: false }
  const { find, overlay } = chat
  if (conversation !== undefined) {
    return wrong(model, { ...chat, find: find && { ...find, ...idle } }, failure.message)
  }
  const isOpen = overlay?.type === 'search'
  return wrong(model, isOpen ? { ...chat, overlay: { ...overlay, ...idle } } : chat, failure.message)
}

/** Something has happened in a conversation: what is found there may be other messages now. */
export function searchAgain(model: Model, chat: ChatScreen, conversation: ConversationId): Next {
  const { find, overlay } = chat
  const isHere = find !== null && conversation === chat.open && find.field.text !== ''
  const done = isHere ? askFind(model, chat, find) : next(model, chat)
  if (overlay?.type !== 'search' || overlay.field.text === '') return done
  return afterwards(done, (now, screen) => askSearch(now, screen, overlay))
}

function askFind(model: Model, chat: ChatScreen, find: Find): Next {
  if (find.isAsking) return next(model, { ...chat, find: { ...find, isStale: true } })
  const sent = { ...find, isAsking: true, isStale: false }
  return next(model, { ...chat, find: sent }, question(find, { conversation: chat.open ?? '' }))
}

function askSearch(model: Model, chat: ChatScreen, overlay: SearchOverlay): Next {
  if (overlay.isAsking) return next(model, { ...chat, overlay: { ...overlay, isStale: true } })
  const sent = { ...overlay, isAsking: true, isStale: false }
  return next(model, { ...chat, overlay: sent }, question(overlay, {}))
}

/** @param isMore: what follows the last one that has come */
function question(
  { field, query, hits }: Asked,
  { conversation, isMore = false }: { conversation?: ConversationId; isMore?: boolean },
): Command {
  const last = isMore ? hits.at(-1) : undefined
  return {
    type: 'search',
    query: isMore && query !== null ? query : field.text,
    ...(conversation === undefined ? {} : { conversation }),
    ...(last ? { before: last.id } : {}),
  }
}

function withFound(
  { hits }: Asked,
  { query, before, found }: Extract<Msg, { type: 'found' }>,
): Pick<Asked, 'query' | 'hits' | 'total' | 'isAsking' | 'isStale'> {
  const isMore = before !== undefined && hits.at(-1)?.id === before
  return {
    query,
    hits: isMore ? [...hits, ...found.hits] : found.hits,
    total: found.total,
    isAsking: false,
    isStale: false,
  }
}

/** Where what was chosen is among what came: of another query the first one is chosen. */
function placeOf(
  hits: readonly SearchHit[],
  { before, isSame, at }: { before: SearchHit | undefined; isSame: boolean; at: number },
): number {
  if (!isSame) return 0
  const place = hits.findIndex(({ id }) => id === before?.id)
  return place >= 0 ? place : Math.max(0, Math.min(at, hits.length - 1))
}

/** There are more behind the last one, and nothing is on its way. */
function isShort({ hits, total, isAsking, field, query }: Asked, at: number): boolean {
  return at === hits.length - 1 && hits.length < total && !isAsking && field.text === query
}

/** Shows what was found, or, when nothing was, where one was before. */
function showHit(model: Model, chat: ChatScreen): Next {
  const hit = hitOf(chat)
  const { open, find } = chat
  if (hit) return goTo(model, chat, { conversation: hit.conversation, seq: hit.seq, isSelected: false })
  if (open === null || !find) return next(model, chat)
  return next(model, { ...patch(chat, open, before => ({ ...before, anchor: find.back })), goal: null })
}
