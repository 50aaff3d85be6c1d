import type {
  AccountEntry,
  ChatEvent,
  ChatSnapshot,
  ConversationId,
  ConversationSummary,
  TimelineItem,
} from '../chat.ts'
import type { Input } from './input/keys.ts'
import type { Model, Size } from './model.ts'

/** What has happened. */
export type Msg =
  | Input
  | { type: 'resize'; size: Size }
  | { type: 'tick'; now: number }
  | { type: 'accounts'; accounts: readonly AccountEntry[]; as?: string }
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
  /** The session did not take a text; it goes back to the composer. */
  | { type: 'send-refused'; conversation: ConversationId; text: string; failure: Failure }
  | { type: 'failed'; failure: Failure }

/** What is shown of an error. */
export interface Failure {
  code: string
  message: string
}

/** What is to be done, as data; effects.ts does it. */
export type Command =
  | { type: 'list-accounts' }
  | { type: 'sign-up' | 'log-in'; userId: string; password: string }
  | { type: 'resume'; userId: string }
  | { type: 'load-history'; conversation: ConversationId; beforeSeq?: number; limit: number }
  | { type: 'open'; with: string; text?: string; typed?: string }
  | { type: 'send'; conversation: ConversationId; to: string; text: string }
  | { type: 'mark-read'; conversation: ConversationId; upToSeq: number }
  | { type: 'log-out' }
  | { type: 'redraw' }
  | { type: 'suspend' }
  | { type: 'quit' }

/** What comes of a message. */
export interface Next<M = Model> {
  model: M
  commands: readonly Command[]
}
