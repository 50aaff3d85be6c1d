import type {
  AccountEntry,
  ChatEvent,
  ChatSnapshot,
  ConversationId,
  ConversationSummary,
  Credentials,
  MessageItem,
  TimelineItem,
} from '../chat.ts'
import type { Input } from './input/keys.ts'

/** An error in words that may be shown. */
export interface Failure {
  code: string
  message: string
}

/** All that can happen. */
export type Msg =
  | Input
  | { type: 'resize'; cols: number; rows: number }
  | { type: 'tick'; nowMs: number }
  | { type: 'accounts'; accounts: AccountEntry[] }
  | { type: 'opened'; snapshot: ChatSnapshot }
  | { type: 'start-failed'; failure: Failure }
  | { type: 'chat-event'; event: ChatEvent }
  | { type: 'history'; conversation: ConversationId; items: TimelineItem[]; limit: number }
  | { type: 'history-failed'; conversation: ConversationId; failure: Failure }
  /** Answer to the command `open`. */
  | { type: 'conversation-opened'; conversation: ConversationSummary }
  | { type: 'sent'; item: MessageItem }
  /** The text comes back, so that nothing is lost. */
  | { type: 'send-failed'; conversation: ConversationId; text: string; failure: Failure }
  | { type: 'failed'; failure: Failure }

/** What the model asks of the world; run.ts does it and answers with a message. */
export type Command =
  | { type: 'sign-up'; credentials: Credentials }
  | { type: 'log-in'; credentials: Credentials }
  | { type: 'resume'; userId: string }
  | { type: 'list-accounts' }
  | { type: 'history'; conversation: ConversationId; beforeSeq?: number; limit: number }
  | { type: 'open'; with: string }
  | { type: 'send'; conversation: ConversationId; to: string; text: string }
  | { type: 'mark-read'; conversation: ConversationId; upToSeq: number }
  | { type: 'log-out' }
  /** Draws every cell anew. */
  | { type: 'redraw' }
  | { type: 'bell' }
  | { type: 'quit' }
