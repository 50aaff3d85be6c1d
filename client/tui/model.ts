import type { AccountEntry, Connection, ConversationId, ConversationSummary, TimelineItem } from '../chat.ts'
import { EMPTY_FIELD, type TextField } from './text-field.ts'

/** Everything that is on the screen or decides about it, as plain data. It changes only in update/. */
export interface Model {
  size: Size
  /** Whether the terminal's window has the focus; taken for granted until it says otherwise. */
  isFocused: boolean
  /** Ms since 1970, as of the last message that brought a time. */
  now: number
  /** Counts up while something turns. */
  frame: number
  /** IANA name, for the times of messages. */
  timeZone: string
  servers: readonly string[]
  screen: StartScreen | ChatScreen
}

/** In cells. */
export interface Size {
  cols: number
  rows: number
}

export type FieldName = 'userId' | 'password' | 'repeat'

export interface StartScreen {
  type: 'start'
  /** Those of this home; null until they are known. */
  accounts: readonly AccountEntry[] | null
  /** Why one is here again. */
  reason: string | null
  /** Who was here before. */
  lastUser: string | null
  mode: 'pick' | 'log-in' | 'sign-up'
  /** The row of the choices, see `choicesOf()`. */
  selected: number
  form: Form
  /** What is going on; then no key but those that quit does anything. */
  busy: string | null
}

export interface Form {
  userId: TextField
  password: TextField
  repeat: TextField
  focus: FieldName
  errors: Partial<Record<FieldName | 'form', string>>
}

export interface ChatScreen {
  type: 'chat'
  me: string
  connection: Connection
  /** Ms since 1970: when the next attempt to connect comes. */
  retryAt: number | null
  queued: number
  isDrained: boolean
  /** The last active first. */
  conversations: readonly Conversation[]
  open: ConversationId | null
  /** The draft while no conversation is open. */
  draft: TextField
  overlay: Overlay | null
  /** One line that answers what was done last. */
  flash: Flash | null
  /** What was deleted last, more than a letter: Ctrl-Y brings it back. */
  deleted: string
  /** Something is being asked that was not yet answered, for example whether a person exists. */
  busy: string | null
}

export type Overlay =
  | { type: 'help'; scroll: number }
  | { type: 'switcher'; field: TextField; selected: number }

export interface Flash {
  kind: 'error' | 'info'
  text: string
}

export interface Conversation {
  summary: ConversationSummary
  /** By `seq`, without gaps up to the newest. Empty until loaded. */
  items: readonly TimelineItem[]
  load: 'none' | 'loading' | 'loaded'
  /** Nothing is older than the first item. */
  isWhole: boolean
  /** The first message that had not been read when it was opened. */
  newFromSeq: number | null
  /** Up to where the session knows that it was read; -1 when this was not said yet. */
  markedSeq: number
  /** Where it is scrolled to; null: the newest line is at the bottom, and stays there. */
  anchor: Anchor | null
  draft: TextField
}

/** The item that is cut off by, or ends at, the bottom of the pane. */
export interface Anchor {
  seq: number
  /** Lines of it below the bottom. */
  hiddenLines: number
}

export interface InitialModel {
  size: Size
  now: number
  timeZone: string
  servers?: readonly string[]
}

/** The screen before the accounts are known. */
export function initialModel({ size, now, timeZone, servers = [] }: InitialModel): Model {
  return { size, isFocused: true, now, frame: 0, timeZone, servers, screen: startScreen() }
}

/** The start screen, with why one is there again. */
export function startScreen(again?: { reason: string; lastUser: string }): StartScreen {
  return {
    type: 'start',
    accounts: null,
    reason: again?.reason ?? null,
    lastUser: again?.lastUser ?? null,
    mode: 'pick',
    selected: 0,
    form: emptyForm(),
    busy: null,
  }
}

export function emptyForm(userId = ''): Form {
  return {
    userId: { text: userId, cursor: userId.length },
    password: EMPTY_FIELD,
    repeat: EMPTY_FIELD,
    focus: userId === '' ? 'userId' : 'password',
    errors: {},
  }
}

/** What can be picked on the start screen. */
export type Choice =
  | { type: 'account'; account: AccountEntry }
  | { type: 'sign-up' }
  | { type: 'log-in' }
  | { type: 'quit' }

export function choicesOf({ accounts }: StartScreen): Choice[] {
  return [
    ...(accounts ?? []).map(account => ({ type: 'account' as const, account })),
    { type: 'sign-up' },
    { type: 'log-in' },
    { type: 'quit' },
  ]
}

/** The fields of the form that is shown, in their order. */
export function fieldsOf({ mode }: StartScreen): FieldName[] {
  return mode === 'sign-up' ? ['userId', 'password', 'repeat'] : ['userId', 'password']
}

/** The conversation that is open. */
export function openConversation({ conversations, open }: ChatScreen): Conversation | undefined {
  return open === null ? undefined : conversations.find(({ summary }) => summary.id === open)
}

/** What stands in the composer. */
export function draftOf(chat: ChatScreen): TextField {
  return openConversation(chat)?.draft ?? chat.draft
}

/** Whether something turns or counts down, so that time must be told. */
export function needsTicks({ screen }: Model): 'fast' | 'slow' | 'none' {
  if (screen.busy !== null) return 'fast'
  return screen.type === 'chat' && screen.retryAt !== null ? 'slow' : 'none'
}
