import { limits } from '../../schema/limits.ts'
import type { ConversationId, MessageItem } from '../chat.ts'
import { expireAt } from './expiry.ts'
import type { Groups } from './groups.ts'
import type { Receipts } from './receipts.ts'
import type { ConversationRecord } from './records.ts'
import { readSettings } from './settings.ts'
import type { State, Tx } from './state.ts'
import { markRead } from './timeline.ts'

export interface ReadingOptions {
  state: State
  groups: Groups
  receipts: Pick<Receipts, 'add'>
}

/**
 * What was seen by the person on this device. Each device has its own: what is unread is also what `recv` has not printed, and
 * must not be gone because it was read elsewhere.
 */
export class Reading {
  readonly #options: ReadingOptions

  constructor(options: ReadingOptions) {
    this.#options = options
  }

  /** See `Chat.markRead`. */
  markRead(request: { conversation: ConversationId; upToSeq: number }): void {
    const { state, receipts } = this.#options
    const record = state.tables.conversations.get([request.conversation])
    if (!record || record.unread === 0) return
    state.commit(tx => {
      const read = this.#read(tx, request)
      if (!this.#isTold(tx, record)) return
      const isGroup = record.kind === 'group'
      for (const { id, from } of read) {
        if (tx.tables.people.get([from])?.isBlocked) continue
        receipts.add(tx, { to: from, id, state: 'read' }, { isGroup })
      }
    })
  }

  /** The time of what disappears runs from when it was read. */
  #read(tx: Tx, upTo: { conversation: ConversationId; upToSeq: number }): MessageItem[] {
    const read = markRead(tx, upTo)
    for (const item of read) {
      if (item.expiresInMs !== undefined) expireAt(tx, item, tx.now + item.expiresInMs)
    }
    return read
  }

  /** Whether the senders learn it: nobody whom the person has not let in, and not in large groups. */
  #isTold({ tables }: Tx, { id, kind, with: other }: ConversationRecord): boolean {
    const record = tables.conversations.get([id])
    if (!readSettings(tables).sendsReadReceipts || record?.isRequest || record?.isBlocked) return false
    if (kind === 'direct') return true
    const group = this.#options.groups.get(other)
    const members = group?.conversation === id ? Object.keys(group.state.members).length : 0
    return members > 0 && members <= limits.maxReceiptMembers
  }
}
