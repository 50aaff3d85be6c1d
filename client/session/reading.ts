import type { MessageId, Recipient } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ConversationId, MessageItem } from '../chat.ts'
import type { Clock } from '../net/clock.ts'
import { expireAt } from './expiry.ts'
import type { Groups } from './groups.ts'
import type { OwnDevices } from './own-devices.ts'
import type { Receipts } from './receipts.ts'
import type { ConversationRecord } from './records.ts'
import { readSettings } from './settings.ts'
import type { State, Tx } from './state.ts'
import { findMessage, hasUnread, markRead } from './timeline.ts'

export interface ReadingOptions {
  state: State
  clock: Clock
  groups: Groups
  receipts: Pick<Receipts, 'add'>
  ownDevices: Pick<OwnDevices, 'tell'>
  report: (error: unknown) => void
}

/** Of what is read in a moment one's other devices are told once. */
const GATHER_MS = 1_000

/** What was seen by the person, here or on another device of theirs. */
export class Reading {
  readonly #options: ReadingOptions
  /** The last message that was read, by conversation: what one's other devices are not told yet. */
  readonly #untold = new Map<ConversationId, { with: Recipient; id: MessageId }>()
  #cancel: (() => void) | undefined

  constructor(options: ReadingOptions) {
    this.#options = options
  }

  /** See `Chat.markRead`. */
  markRead(request: { conversation: ConversationId; upToSeq: number }): void {
    const { state, receipts } = this.#options
    const record = state.tables.conversations.get([request.conversation])
    if (!record || !hasUnread(state.tables, record)) return
    state.commit(tx => {
      const read = this.#read(tx, request)
      const last = read.at(-1)
      if (!last) return
      tx.after(() => this.#tellSoon(record, last.id))
      if (!this.#isTold(tx, record)) return
      const isGroup = record.kind === 'group'
      for (const { id, from } of read) {
        if (tx.tables.people.get([from])?.isBlocked) continue
        receipts.add(tx, { to: from, id, state: 'read' }, { isGroup })
      }
    })
  }

  /** Another device of one's own has shown a conversation up to a message: part of the transaction that learns it. */
  apply(tx: Tx, { with: other, id }: { with: Recipient; id: MessageId }): void {
    const item = findMessage(tx.tables, id)
    const record = item && tx.tables.conversations.get([item.conversation])
    const isThere = record?.kind === ('user' in other ? 'direct' : 'group')
    if (item && isThere)
      this.#read(tx, { conversation: item.conversation, upToSeq: item.seq, isElsewhere: true })
  }

  /** Tells one's other devices what they were not told yet. */
  flush(): void {
    this.stop()
    const untold = [...this.#untold.values()]
    this.#untold.clear()
    if (untold.length === 0) return
    this.#options.state.commit(tx => {
      for (const read of untold) this.#options.ownDevices.tell(tx, { read })
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** The time of what disappears runs from when it was read. */
  #read(tx: Tx, upTo: Parameters<typeof markRead>[1]): MessageItem[] {
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

  #tellSoon({ id: conversation, kind, with: other }: ConversationRecord, id: MessageId): void {
    this.#untold.set(conversation, { with: kind === 'group' ? { group: other } : { user: other }, id })
    this.#cancel ??= this.#options.clock.after(GATHER_MS, () => {
      try {
        this.flush()
      } catch (error) {
        this.#options.report(error)
      }
    })
  }
}
