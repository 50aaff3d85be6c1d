import type {
  AccountEntry,
  ChatEvent,
  ChatSnapshot,
  ConversationId,
  ConversationSummary,
  GroupInfo,
  OwnDevice,
  Picture,
  ServerMeasure,
  Settings,
  TimelineItem,
  Verification,
} from '../chat.ts'
import type { SearchFound } from '../searching.ts'
import type { Input } from './input/keys.ts'
import type { About, JudgedPassword, Model, Size } from './model.ts'

/** What has happened. */
export type Msg =
  | Input
  | { type: 'resize'; size: Size }
  | { type: 'tick'; now: number }
  /** Nothing was done for as long as the person has set. */
  | { type: 'idle' }
  | { type: 'unlocked' }
  | { type: 'unlock-refused'; failure: Failure }
  | { type: 'accounts'; accounts: readonly AccountEntry[]; as?: string }
  /** A server has this new recovery code; it is shown once. */
  | { type: 'recovery-code'; code: string }
  /** `isOwn`: it was typed, and may be of another deployment than the rest. */
  | { type: 'server-measured'; server: ServerMeasure; isOwn: boolean }
  /** `judged` is null when it could not be said. */
  | { type: 'password-judged'; judged: JudgedPassword | null }
  /** Signing up, logging in or resuming has led to a chat. */
  | { type: 'chat-opened'; snapshot: ChatSnapshot; now: number }
  | { type: 'chat-refused'; failure: Failure }
  | { type: 'chat-event'; event: ChatEvent; now: number }
  | {
      type: 'history'
      conversation: ConversationId
      items: readonly TimelineItem[]
      beforeSeq?: number
      isWhole: boolean
    }
  | { type: 'history-failed'; conversation: ConversationId; failure: Failure }
  | { type: 'conversation-opened'; summary: ConversationSummary; text?: string }
  /** A conversation could not be opened; `typed` is what to give back to the composer. */
  | { type: 'open-refused'; failure: Failure; typed?: string }
  /** The session did not take a text; it goes back to the composer, with what it was about. */
  | { type: 'send-refused'; conversation: ConversationId; text: string; about?: About; failure: Failure }
  | { type: 'failed'; failure: Failure }
  /** What was asked for is done; `text` says so where nothing else on the screen does. */
  | { type: 'done'; text?: string }
  /** A command of the composer was refused: its line goes back to where it was written. */
  | { type: 'refused'; typed: Typed; failure: Failure }
  | { type: 'group'; info: GroupInfo; how: GroupAnswer }
  /** `isNews`: of what is shown already, so it opens nothing. */
  | {
      type: 'verification'
      verification: Verification
      modules: readonly (readonly boolean[])[]
      isNews: boolean
    }
  | { type: 'devices'; devices: readonly OwnDevice[]; isNews: boolean }
  | { type: 'picture'; id: string; picture: Picture }
  | { type: 'picture-failed'; id: string; failure: Failure }
  /** What the person's editor has left of a draft; it is sent by nothing but Enter. */
  | { type: 'draft-edited'; conversation: ConversationId | null; text: string }
  /** `conversation` absent: over all. `before`: it goes on behind this message. */
  | { type: 'found'; query: string; conversation?: ConversationId; before?: string; found: SearchFound }
  | { type: 'search-failed'; conversation?: ConversationId; failure: Failure }
  /** Paths that begin as `typed` does, as they are written; a folder ends in `/`. */
  | { type: 'paths'; typed: string; found: readonly string[] }

/**
 * What is done with a group that was asked for: its members are shown (as to an admin), it is shown itself since it was just
 * made, or it is only news about the one that is shown.
 */
export type GroupAnswer = 'members' | 'admin' | 'created' | 'changed'

/** A line of the composer, and where it was written; null: while no conversation was open. */
export interface Typed {
  conversation: ConversationId | null
  text: string
}

/** What is shown of an error. */
export interface Failure {
  code: string
  message: string
}

/** What is to be done, as data; effects.ts does it. */
export type Command =
  | { type: 'list-accounts' }
  | { type: 'sign-up' | 'log-in'; userId: string; password: string; server?: string }
  | { type: 'recover'; userId: string; code: string; password: string; server?: string }
  /** `url`: this one alone; absent: all that are known. */
  | { type: 'measure-servers'; url?: string }
  | { type: 'judge-password'; password: string; userId: string }
  | { type: 'resume'; userId: string }
  | ChatCommand
  | { type: 'complete-path'; typed: string }
  | { type: 'redraw' }
  | { type: 'suspend' }
  | { type: 'copy'; text: string }
  /** Has a draft written in the person's editor. */
  | { type: 'edit-draft'; conversation: ConversationId | null; text: string }
  | NotifyCommand
  | { type: 'theme'; name: string }
  | { type: 'unlock'; userId: string; password: string }
  | { type: 'quit' }

/** What run.ts does itself, with the terminal. */
export type TerminalCommand = Extract<
  Command,
  { type: 'redraw' | 'suspend' | 'copy' | 'edit-draft' | 'notify' | 'theme' | 'quit' }
>

/** What is asked of the session. `typed`: what is given back to the composer when it is refused. */
export type ChatCommand =
  | { type: 'load-history'; conversation: ConversationId; beforeSeq?: number; limit: number }
  | { type: 'open'; with: string; text?: string; typed?: string }
  | { type: 'send'; conversation: ConversationId; to: string; text: string; about?: About }
  | SendFileCommand
  /** `path`: as it was written; absent: a new name in the usual folder. */
  | { type: 'export'; conversation: ConversationId; path?: string; typed: Typed }
  | { type: 'edit'; conversation: ConversationId; text: string; about: About }
  | { type: 'search'; query: string; conversation?: ConversationId; before?: string }
  | { type: 'mark-read'; conversation: ConversationId; upToSeq: number }
  | { type: 'typing'; conversation: ConversationId; isTyping: boolean }
  | { type: 'react'; id: string; emoji: string | null }
  | { type: 'delete-message'; id: string }
  | { type: 'picture'; id: string }
  /** `folder`: as it was written; absent: the usual one. */
  | { type: 'save-file'; id: string; folder?: string; typed?: Typed }
  | { type: 'set-timer'; conversation: ConversationId; afterMs: number | null; typed?: Typed }
  | { type: 'mute'; conversation: ConversationId; isMuted: boolean; forMs?: number; typed?: Typed }
  | { type: 'accept'; conversation: ConversationId; typed?: Typed }
  | { type: 'block'; user: string; isBlocked: boolean; typed?: Typed }
  | { type: 'verification'; user: string; typed?: Typed }
  | { type: 'set-verified'; user: string; isVerified: boolean; safetyNumber: string }
  | { type: 'accept-key'; user: string }
  | { type: 'create-group'; group: string; title?: string; members: string[]; typed?: Typed }
  | { type: 'group-info'; group: string; how: GroupAnswer; typed?: Typed }
  | { type: 'add-members' | 'remove-members'; group: string; members: string[]; typed?: Typed }
  | { type: 'set-admin'; group: string; user: string; isAdmin: boolean; typed?: Typed }
  | { type: 'set-title'; group: string; title: string; typed?: Typed }
  | { type: 'leave-group'; group: string; typed?: Typed }
  | { type: 'devices'; typed?: Typed }
  | { type: 'name-device'; deviceId: string; name: string | null }
  | { type: 'revoke-device'; deviceId: string }
  | { type: 'share-history'; deviceId: string }
  | { type: 'answer-history'; id: string; isAccepted: boolean; typed?: Typed }
  | { type: 'set-settings'; settings: Partial<Settings>; typed?: Typed }
  | { type: 'log-out' }

/** Tells the person, who looks at something else: never what was written. */
export interface NotifyCommand {
  type: 'notify'
  how: 'bell' | 'desktop'
  text: string
}

export interface SendFileCommand {
  type: 'send-file'
  conversation: ConversationId
  to: string
  /** As it was written: `~` and relative paths are made whole outside. */
  path: string
  as: 'image' | 'file'
  caption?: string
  about?: About
  typed: Typed
}

/** What comes of a message. */
export interface Next<M = Model> {
  model: M
  commands: readonly Command[]
}
