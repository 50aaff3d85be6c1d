import type { KnownContent } from '../../schema/content.ts'
import type { RefusedFrame, SendFrame } from '../../schema/frames.ts'
import type { BlobId, MessageId, Recipient, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ConversationId } from '../chat.ts'
import { backoffMs } from '../core/backoff.ts'
import { afterRefusal } from '../core/outbox.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { oneLine } from '../net/remote-error.ts'
import type { Cipher } from './cipher.ts'
import { isLine } from './contents.ts'
import { Lane } from './lane.ts'
import type { Parties } from './parties.ts'
import type { Identity, OutboxRecord } from './records.ts'
import type { State, Tx } from './state.ts'
import { appendNotice, setDelivery } from './timeline.ts'

export interface CourierOptions {
  identity: Identity
  state: State
  parties: Parties
  cipher: Cipher
  clock: Clock
  random: () => number
  connection: Pick<Connection, 'request' | 'send' | 'state'>
  report: (error: unknown) => void
}

const backoff = { baseMs: 500, maxMs: 60_000 }

/**
 * Brings the outbox to a server: one lane for each conversation, all of them sharing the window of unanswered frames.
 *
 * A message leaves the outbox when a server says `stored`, or refuses it for good.
 */
export class Courier {
  readonly #options: CourierOptions
  readonly #lanes = new Map<string, Lane>()
  /** What is sent and not answered on the present socket: whose it is. */
  readonly #inFlight = new Map<MessageId, Lane>()
  readonly #idle = new Set<() => void>()
  #isOnline = false
  #queued = 0
  #unsent = 0

  constructor(options: CourierOptions) {
    this.#options = options
    for (const { value } of options.state.tables.outbox.range()) this.#admit(value)
  }

  /** Messages of a person's that no server has stored yet. */
  get queued(): number {
    return this.#queued
  }

  /** The same with all that has no line of its own, apart from receipts. */
  get unsent(): number {
    return this.#unsent
  }

  /** Puts a message into the outbox; it is sent once the transaction is on the disk. */
  enqueue(tx: Tx, record: Omit<OutboxRecord, 'serial'>): void {
    const entry = { ...record, serial: tx.nextSerial() }
    tx.tables.outbox.put([entry.serial], entry)
    tx.after(() => {
      const lane = this.#admit(entry)
      this.#emitQueued()
      lane.pump()
    })
  }

  /** Whether a message of one's own is still on this disk only: nobody else can have it. */
  isFresh(id: MessageId): boolean {
    return [...this.#lanes.values()].some(lane => lane.isFresh(id))
  }

  /** Another content for a message that is still on this disk only. */
  amend(tx: Tx, id: MessageId, change: (content: KnownContent) => KnownContent): void {
    for (const lane of this.#lanes.values()) lane.amend(tx, id, change)
  }

  /** Takes back a message that is still on this disk only. */
  withdraw(tx: Tx, id: MessageId): void {
    for (const lane of this.#lanes.values()) {
      const record = lane.withdraw(tx, id)
      if (record) tx.after(() => this.#leave([record]))
    }
  }

  onOnline(): void {
    this.#inFlight.clear()
    this.#isOnline = true
    for (const lane of this.#lanes.values()) lane.wake()
  }

  onOffline(): void {
    this.#isOnline = false
    this.#inFlight.clear()
    this.#settle()
  }

  onStored(ids: readonly MessageId[]): void {
    const done: OutboxRecord[] = []
    const answered = ids.flatMap(id => {
      const lane = this.#inFlight.get(id) ?? this.#laneOf(id)
      this.#inFlight.delete(id)
      return lane ? [{ id, lane }] : []
    })
    // What is only for the moment is answered too.
    if (answered.length === 0) return
    try {
      this.#options.state.commit(tx => {
        for (const { id, lane } of answered) {
          const record = lane.stored(tx, id)
          if (!record) continue
          done.push(record)
          setDelivery(tx, { id, state: 'stored' })
        }
      })
    } catch (error) {
      // The answer could not be written down: it is asked for again, and will be the same.
      for (const { lane } of answered) lane.pause()
      throw error
    }
    this.#leave(done)
    for (const { lane } of answered) lane.succeeded()
    for (const lane of this.#lanes.values()) lane.pump()
    this.#settle()
  }

  onRefused(frame: RefusedFrame): void {
    const lane = this.#inFlight.get(frame.id) ?? this.#laneOf(frame.id)
    this.#inFlight.delete(frame.id)
    if (!lane) return
    const next = afterRefusal(frame)
    try {
      if (next === 'reseal') lane.reseal(frame.id)
      else if (next === 'retry') lane.pause()
      else lane.refused(frame.id, { code: frame.code, message: oneLine(frame.message) })
    } catch (error) {
      lane.pause()
      throw error
    }
    this.#settle()
  }

  /** Somebody's devices are others than before: chains that do not reach them all must not be used any more. */
  onDevicesChanged(userId: UserId): void {
    for (const lane of this.#lanes.values()) {
      if (this.#options.parties.concerns(lane.to, userId)) lane.wake()
    }
  }

  /** A group has another roster: chains that were made for the old one must not be used any more. */
  onGroupChanged(conversation: ConversationId): void {
    this.#lanes.get(conversation)?.wake()
  }

  /** Forgets the chain of a conversation: the next message begins another one. */
  endChain(tx: Tx, conversation: ConversationId): void {
    tx.tables.senders.delete([conversation])
    tx.after(() => this.#lanes.get(conversation)?.wake())
  }

  /** Messages that wait for their files to be with a server, oldest first. */
  awaiting(): OutboxRecord[] {
    return [...this.#lanes.values()].flatMap(lane => lane.awaiting()).sort((a, b) => a.serial - b.serial)
  }

  /** A file is with a server: the message that waits for it may go. */
  release(tx: Tx, blob: BlobId): void {
    for (const lane of this.#lanes.values()) lane.release(tx, blob)
  }

  /** A file cannot be brought to a server, now or later: its message is given up. */
  drop(blob: BlobId, failure: { code: string; message: string }): void {
    for (const lane of this.#lanes.values()) lane.drop(blob, failure)
  }

  /** Resolves when nothing is under way any more: all is stored, or waits for something that is not near. */
  whenIdle(): Promise<void> {
    return new Promise(resolve => {
      this.#idle.add(resolve)
      this.#settle()
    })
  }

  stop(): void {
    this.#isOnline = false
    for (const lane of this.#lanes.values()) lane.stop()
    this.#inFlight.clear()
    this.#settle()
  }

  #admit(record: OutboxRecord): Lane {
    let lane = this.#lanes.get(record.conversation)
    if (!lane) {
      lane = this.#createLane(record.conversation, record.to)
      this.#lanes.set(record.conversation, lane)
    }
    lane.add(record)
    if (isLine(record.content)) this.#queued++
    if (record.content.type !== 'receipt') this.#unsent++
    return lane
  }

  #createLane(conversation: ConversationId, to: Recipient): Lane {
    const { random } = this.#options
    const lane: Lane = new Lane({
      ...this.#options,
      conversation,
      to,
      port: {
        isOnline: () => this.#isOnline,
        isInFlight: id => this.#inFlight.has(id),
        room: () => Math.max(0, limits.sendWindow - this.#inFlight.size),
        send: frame => this.#send(frame, lane),
        pauseMs: failures => backoffMs(failures, { ...backoff, random: random() }),
        fail: failItem,
        onFailed: records => this.#leave(records),
        onSettled: () => this.#settle(),
      },
    })
    return lane
  }

  #send(frame: SendFrame, lane: Lane): void {
    // A frame that finds no socket stays as it is: the next connection begins with it.
    if (this.#isOnline && this.#options.connection.send(frame)) this.#inFlight.set(frame.id, lane)
  }

  #laneOf(id: MessageId): Lane | undefined {
    return [...this.#lanes.values()].find(lane => lane.has(id))
  }

  #leave(records: readonly OutboxRecord[]): void {
    const counted = records.filter(({ content }) => content.type !== 'receipt')
    if (counted.length === 0) return
    this.#unsent -= counted.length
    this.#queued -= counted.filter(({ content }) => isLine(content)).length
    this.#emitQueued()
  }

  #emitQueued(): void {
    this.#options.state.emit({ type: 'queued', queued: this.#queued })
  }

  #settle(): void {
    const isBusy = this.#isOnline && [...this.#lanes.values()].some(lane => lane.isBusy())
    if (isBusy) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }
}

/** What is told of a message that is given up: at its line or, where it has none, in a line of the program's. */
function failItem(tx: Tx, item: OutboxRecord, failure: { code: string; message: string }): void {
  const { id, content, conversation } = item
  switch (content.type) {
    case 'text':
    case 'file':
      setDelivery(tx, { id, state: 'failed', failure })
      return
    case 'edit':
    case 'delete':
    case 'reaction':
    case 'timer':
    case 'title': {
      const record = tx.tables.conversations.get([conversation])
      if (!record) return
      const thread = { conversation, kind: record.kind, with: record.with }
      appendNotice(tx, { notice: { type: 'change-failed', what: content.type, ...failure }, thread })
      return
    }
    case 'receipt':
    case 'history':
    case 'sync':
      return
    default:
      content satisfies never
  }
}
