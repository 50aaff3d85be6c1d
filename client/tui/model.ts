// Long because everything that is on the screen is one model, read in one place.
import type {
  AccountEntry,
  Connection,
  ConversationId,
  ConversationSummary,
  HistoryOffer,
  Picture,
  Settings,
  TimelineItem,
  Transfer,
} from '../chat.ts'
import type { Find, Goal } from './asked.ts'
import type { Input } from './input/keys.ts'
import type { Keymap } from './keymap.ts'
import type { Command } from './msg.ts'
import type { Overlay } from './overlay.ts'
import { defaultPreferences, type Preferences } from './preferences.ts'
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
  keymap: Keymap
  /** The name of the theme, and of those there are. */
  theme: string
  themes: readonly string[]
  /** How the composer is used as vi is; null: it is not. */
  vim: Vim | null
  /** The chat is behind it; null: it is not locked. */
  lock: Lock | null
  screen: StartScreen | ChatScreen
  /** Covers the screen until the person has shown that it is written down. */
  newCode: NewCode | null
}

/** A recovery code that was just made, and is shown once. */
export interface NewCode {
  code: string
  /** Its last group, as far as it was typed. */
  typed: TextField
}

/** The composer as vi has it. */
export interface Vim {
  mode: 'insert' | 'normal'
  /** What was pressed of a command that is not whole yet. */
  pending: string
  /** What the draft was before, the last at the end, and of which conversation. */
  undo: readonly TextField[]
  undoIn: ConversationId | null
}

/** The screen is locked: what is written is the password. */
export interface Lock {
  field: TextField
  error: string | null
  isChecking: boolean
}

/** In cells. */
export interface Size {
  cols: number
  rows: number
}

export type FieldName = 'server' | 'userId' | 'code' | 'password' | 'repeat'

export interface StartScreen {
  type: 'start'
  /** Those of this home; null until they are known. */
  accounts: readonly AccountEntry[] | null
  /** Why one is here again. */
  reason: string | null
  /** Who was here before. */
  lastUser: string | null
  mode: 'pick' | 'log-in' | 'sign-up' | 'recover'
  /** The row of the choices, see `choicesOf()`. */
  selected: number
  form: Form
  /** The known servers, in the order in which they were named. */
  servers: readonly KnownServer[]
  /** What is going on; then no key but those that quit does anything. */
  busy: string | null
  /** What was typed before there was anything to type into. */
  ahead: readonly Ahead[]
}

export type Ahead = Extract<Input, { type: 'key' | 'text' | 'paste' }>

export interface KnownServer {
  url: string
  /** Absent until it is measured; null: it does not answer. */
  latencyMs?: number | null
  /** It was typed, and may be of another deployment than the rest. */
  isOwn?: boolean
}

export interface Form {
  /** Empty: the nearest. */
  server: TextField
  userId: TextField
  /** A recovery code. */
  code: TextField
  password: TextField
  repeat: TextField
  focus: FieldName
  /** How good the password is, as of the last answer. */
  strength: JudgedPassword | null
  /** A password is being judged; at most one at a time. */
  isJudging: boolean
  errors: Partial<Record<FieldName | 'form', string>>
}

export interface JudgedPassword {
  /** Which it was. */
  password: string
  /** 0 to 4. */
  score: number
  /** What is weak about it; may be empty. */
  hint: string
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
  /** What is done only after a `y`. */
  question: Question | null
  /** The `seq` of the message of the open conversation that is selected. */
  selected: number | null
  /** What is searched for in the open conversation; then what is typed goes there. */
  find: Find | null
  goal: Goal | null
  settings: Settings
  /** Who is there now, of the people one talks with. */
  online: ReadonlySet<string>
  historyOffers: readonly HistoryOffer[]
  /** Files on their way, by message. */
  transfers: ReadonlyMap<string, Transfer>
  /** By message; the same object as long as it is the same picture, since what was laid out is kept with it. */
  pictures: ReadonlyMap<string, PictureState>
  /** Who is writing. */
  typing: readonly Typist[]
  /** Where others were told that this person is writing. */
  told: Told | null
}

export interface Question {
  text: string
  commands: readonly Command[]
  /** What is going on once it was answered with yes. */
  busy: string
}

export type PictureState = Picture | 'loading' | { failure: string }

export interface Typist {
  conversation: ConversationId
  user: string
  /** Ms since 1970: forgotten then. */
  until: number
}

export interface Told {
  conversation: ConversationId
  /** Ms since 1970, as of the first tick after it was told; keys bring no time. */
  at: number | null
  /** The same for the last change of the text. */
  wroteAt: number | null
  /** It was so long ago that the next letter tells it again. */
  isDue: boolean
}

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
  /** What the draft is about; null: it is a new message. */
  about: About | null
  /** There are messages that disappear, so the time that is left is counted down. */
  hasExpiring: boolean
  /** There are pictures, which are asked for when they come into sight. */
  hasPictures: boolean
  /** Ms since 1970: when the person was last told of a message in it. */
  notifiedAt: number
}

/** A reply, or another text for a message. */
export type About =
  | { type: 'reply'; id: string; from: string; excerpt: string }
  /** `before`: the draft that was there, which comes back afterwards. */
  | { type: 'edit'; id: string; excerpt: string; before: TextField }

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
  /** Default: nothing was changed. */
  preferences?: Preferences
}

/** The screen before the accounts are known. */
export function initialModel({
  size,
  now,
  timeZone,
  servers = [],
  preferences = defaultPreferences,
}: InitialModel): Model {
  const { keymap, theme, themes, isVim } = preferences
  const vim: Vim | null = isVim ? { mode: 'insert', pending: '', undo: [], undoIn: null } : null
  const chosen = { keymap, theme, themes: Object.keys(themes) }
  const screen = startScreen()
  return {
    size,
    isFocused: true,
    now,
    frame: 0,
    timeZone,
    servers,
    ...chosen,
    vim,
    lock: null,
    newCode: null,
    screen,
  }
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
    servers: [],
    busy: null,
    ahead: [],
  }
}

export function emptyForm(userId = ''): Form {
  return {
    server: EMPTY_FIELD,
    userId: { text: userId, cursor: userId.length },
    code: EMPTY_FIELD,
    password: EMPTY_FIELD,
    repeat: EMPTY_FIELD,
    focus: userId === '' ? 'userId' : 'password',
    strength: null,
    isJudging: false,
    errors: {},
  }
}

/** What can be picked on the start screen. */
export type Choice =
  | { type: 'account'; account: AccountEntry }
  | { type: 'sign-up' }
  | { type: 'log-in' }
  | { type: 'recover' }
  | { type: 'quit' }

export function choicesOf({ accounts }: StartScreen): Choice[] {
  return [
    ...(accounts ?? []).map(account => ({ type: 'account' as const, account })),
    { type: 'sign-up' },
    { type: 'log-in' },
    { type: 'recover' },
    { type: 'quit' },
  ]
}

/** The fields of the form that is shown, in their order. */
export function fieldsOf({ mode }: StartScreen): FieldName[] {
  switch (mode) {
    case 'recover':
      return ['server', 'userId', 'code', 'password', 'repeat']
    case 'sign-up':
      return ['server', 'userId', 'password', 'repeat']
    default:
      return ['server', 'userId', 'password']
  }
}

/** The conversation that is open. */
export function openConversation({ conversations, open }: ChatScreen): Conversation | undefined {
  return open === null ? undefined : conversations.find(({ summary }) => summary.id === open)
}

/** Whom nothing is shown of, in the order of the conversations. */
export function blockedOf({ conversations }: ChatScreen): Conversation[] {
  return conversations.filter(({ summary }) => summary.isBlocked)
}

/** What stands in the composer. */
export function draftOf(chat: ChatScreen): TextField {
  return openConversation(chat)?.draft ?? chat.draft
}

/** Whether something turns or counts down, so that time must be told. */
export function needsTicks({ screen, lock }: Model): 'fast' | 'slow' | 'none' {
  if (lock?.isChecking) return 'fast'
  if (screen.busy !== null) return 'fast'
  if (screen.type === 'start') return 'none'
  const isExpiring = openConversation(screen)?.hasExpiring === true
  const moves = screen.retryAt !== null || screen.typing.length > 0 || screen.told !== null || isExpiring
  return moves ? 'slow' : 'none'
}
