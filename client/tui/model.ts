import type { AccountEntry, Connection, ConversationId, ConversationSummary, TimelineItem } from '../chat.ts'
import { EMPTY_FIELD, type TextField } from './text-field.ts'

/** Cells. */
export interface Size {
  cols: number
  rows: number
}

/** All that the screen is made of. It is never changed, but replaced by what update/ makes of it. */
export interface Model {
  size: Size
  /** ms since 1970, not older than a second. */
  nowMs: number
  /** An IANA name: the times of messages are shown in it. */
  timeZone: string
  /** The servers that a new account would go to. */
  servers: readonly string[]
  /** The F1 help lies over the screen, scrolled down by so many lines. */
  help?: { scroll: number }
  start: StartModel
  /** Absent: the start screen is shown. */
  chat?: ChatModel
}

export type FieldName = 'userId' | 'password' | 'repeat'
export type StartMode = 'log-in' | 'sign-up'
/** What has the keys: an account of the list by its place, the choice of mode, or a field. */
export type StartFocus = number | 'mode' | FieldName

export interface StartModel {
  accounts: readonly AccountEntry[]
  mode: StartMode
  focus: StartFocus
  fields: Readonly<Record<FieldName, TextField>>
  errors: Readonly<Partial<Record<FieldName | 'form', string>>>
  /** What is under way, and since when (ms since 1970). */
  busy?: { what: StartMode | 'resume'; sinceMs: number }
  /** Why the chat has ended. */
  notice?: string
}

export interface ChatModel {
  me: string
  connection: Connection
  /** When the connection is tried again, ms since 1970. */
  retryAtMs?: number
  /** The last active first. */
  conversations: readonly ConversationSummary[]
  queued: number
  drained: boolean
  /** The conversation on the screen. */
  open?: ConversationId
  panes: Readonly<Record<ConversationId, Pane>>
  /** What is written while no conversation is open. */
  loose: TextField
  /** The switcher (Ctrl-K) lies over the screen. */
  switcher?: { query: TextField; selected: number }
  /** One line about what the person did last. */
  inline?: { kind: 'error' | 'info'; text: string }
}

/** What is known of a conversation that was on the screen. */
export interface Pane {
  /** By `seq`, ascending. */
  items: readonly TimelineItem[]
  /** There is nothing older. */
  complete: boolean
  /** Asked for, not yet there. */
  loading: boolean
  /** The lowest line on the screen; absent: the newest there is. */
  anchor?: Anchor
  draft: TextField
  /** The "new messages" line is above this one. */
  newFromSeq?: number
  /** Reported as read up to here. */
  readUpToSeq: number
}

/** A line: the one `up` lines above the last line of an item. */
export interface Anchor {
  seq: number
  up: number
}

/** Lines of a conversation that are asked for at once. */
export const HISTORY_PAGE = 100

export const emptyPane: Pane = {
  items: [],
  complete: false,
  loading: false,
  draft: EMPTY_FIELD,
  readUpToSeq: 0,
}

/** The model of a program that has just been started. */
export function initialModel(options: Pick<Model, 'size' | 'nowMs' | 'timeZone' | 'servers'>): Model {
  return {
    ...options,
    start: {
      accounts: [],
      mode: 'log-in',
      focus: 'userId',
      fields: { userId: EMPTY_FIELD, password: EMPTY_FIELD, repeat: EMPTY_FIELD },
      errors: {},
    },
  }
}

/** The conversation on the screen and what is known of it. */
export function openPane(chat: ChatModel): { conversation: ConversationSummary; pane: Pane } | undefined {
  const conversation = chat.conversations.find(({ id }) => id === chat.open)
  return conversation && { conversation, pane: chat.panes[conversation.id] ?? emptyPane }
}
