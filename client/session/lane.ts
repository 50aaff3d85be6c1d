import type { KnownContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { SendFrame } from '../../schema/frames.ts'
import type { BlobId, MessageId, Recipient } from '../../schema/ids.ts'
import type { ConversationId } from '../chat.ts'
import { type ChainsOptions, makeChain } from './chains.ts'
import { audienceFor, type Parties, type Party } from './parties.ts'
import type { OutboxRecord, SenderRecord } from './records.ts'
import type { State, Tx } from './state.ts'

// Long because all of it keeps one thing: that a chain key is used once, whatever is refused, given up or killed.

/** What a lane asks of the courier. */
export interface LanePort {
  isOnline(): boolean
  isInFlight(id: MessageId): boolean
  /** How many more frames may be unanswered. */
  room(): number
  send(frame: SendFrame): void
  pauseMs(failures: number): number
  /** A message is given up: part of the transaction that takes it out of the outbox. */
  fail(tx: Tx, item: OutboxRecord, failure: { code: string; message: string }): void
  /** These messages were given up. */
  onFailed(records: readonly OutboxRecord[]): void
  /** Something has come to rest. */
  onSettled(): void
}

export interface LaneOptions extends ChainsOptions {
  conversation: ConversationId
  to: Recipient
  state: State
  parties: Parties
  port: LanePort
  report: (error: unknown) => void
}

/** Messages that are sealed and written as one. */
const SEAL_BATCH = 32
/** Refusals in a row for the wrong devices, after which a pause comes before each new chain. */
const QUICK_RESEALS = 2

/**
 * The messages of one conversation on their way out. One step at a time: so a chain key is never used twice.
 *
 * A message is sealed right before it is first sent; what is sealed is on the disk before it is sent; and nothing is sent on
 * a chain before a server has stored the chain's announcement.
 *
 * Long because what changes its items or its chain must be seen beside what seals them.
 */
export class Lane {
  readonly to: Recipient
  readonly #options: LaneOptions
  /** In the order of their serials. */
  #items: OutboxRecord[] = []
  #isRunning = false
  #again = false
  #isPaused = false
  #isStopped = false
  #cancelPause: () => void = () => undefined
  #failures = 0
  #mustRefresh = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.to = options.to
  }

  add(record: OutboxRecord): void {
    this.#items.push(record)
  }

  has(id: MessageId): boolean {
    return this.#items.some(item => item.id === id) || this.#sender()?.announcement?.id === id
  }

  /** Whether something is under way, or could be. */
  isBusy(): boolean {
    return !this.#isStopped && (this.#isRunning || (this.#hasReady() && !this.#isPaused))
  }

  /** Does what can be done now. */
  pump(): void {
    this.#again = true
    if (this.#isRunning || this.#isPaused || this.#isStopped || !this.#hasReady()) return
    this.#isRunning = true
    this.#run().catch(this.#options.report)
  }

  /** Things have changed: a pause is over. */
  wake(): void {
    this.#cancelPause()
    this.#isPaused = false
    this.pump()
  }

  pause(): void {
    if (this.#isPaused || this.#isStopped) return
    this.#isPaused = true
    const { clock, port } = this.#options
    this.#cancelPause = clock.after(port.pauseMs(this.#failures++), () => this.wake())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelPause()
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** A server has stored `id`. @returns the message, when it is one and not an announcement */
  stored(tx: Tx, id: MessageId): OutboxRecord | undefined {
    const sender = this.#sender()
    if (sender?.announcement?.id === id) {
      tx.tables.senders.put([this.#options.conversation], { state: sender.state })
      return undefined
    }
    const item = this.#items.find(found => found.id === id)
    if (!item) return undefined
    tx.tables.outbox.delete([item.serial])
    tx.after(() => this.#remove([item]))
    return item
  }

  /** Whether a message is here that was never sealed: nobody else can have it. */
  isFresh(id: MessageId): boolean {
    return this.#fresh(id) !== undefined
  }

  /** Another content for a message that was never sealed. */
  amend(tx: Tx, id: MessageId, change: (content: KnownContent) => KnownContent): void {
    const item = this.#fresh(id)
    if (item) this.#put(tx, { ...item, content: change(item.content) })
  }

  /** Takes back a message that was never sealed. @returns it, when there is one */
  withdraw(tx: Tx, id: MessageId): OutboxRecord | undefined {
    const item = this.#fresh(id)
    if (!item) return undefined
    tx.tables.outbox.delete([item.serial])
    tx.after(() => this.#remove([item]))
    return item
  }

  /** The server knows other devices than `id` was sealed for. */
  reseal(id: MessageId): void {
    const { conversation, state } = this.#options
    const sender = this.#sender()
    const item = this.#items.find(found => found.id === id)
    // Of many messages on one chain the first refusal ends the chain; the others only need to be sealed anew.
    const isChains = sender?.announcement?.id === id || sender?.state.chain === item?.sealed?.chain
    state.commit(tx => {
      if (isChains) tx.tables.senders.delete([conversation])
      if (item) this.#put(tx, unseal(item))
    })
    if (sender && isChains) {
      this.#mustRefresh = true
      if (this.#failures >= QUICK_RESEALS) this.pause()
      else this.#failures++
    }
    this.pump()
  }

  /** A server does not want `id`, now or later. */
  refused(id: MessageId, failure: { code: string; message: string }): void {
    const isAnnouncement = this.#sender()?.announcement?.id === id
    if (isAnnouncement) {
      this.#options.state.commit(tx => tx.tables.senders.delete([this.#options.conversation]))
      this.#fail(this.#unsealed(), failure)
    } else {
      this.#fail(
        this.#items.filter(item => item.id === id),
        failure,
      )
    }
    this.pump()
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#isPaused && !this.#isStopped) {
        this.#again = false
        await this.#step()
      }
    } catch (error) {
      this.#afterError(error)
    } finally {
      this.#isRunning = false
      this.#options.port.onSettled()
    }
  }

  async #step(): Promise<void> {
    const { port, cipher, clock } = this.#options
    if (!port.isOnline()) return
    const sender = this.#sender()
    if (!this.#sendSealed(sender) || sender?.announcement) return
    if (this.#unsealed().length === 0 || port.room() === 0) return
    const party = await this.#findParty()
    const { roster } = party
    const audience = audienceFor(party)
    const isKnown = sender !== undefined && audience !== undefined
    const room = isKnown ? cipher.roomOf(sender.state, { roster, audience, now: clock.now() }) : 0
    this.#again = true
    if (sender && room > 0) await this.#seal(sender, room)
    else await this.#replaceChain(party)
  }

  /** @returns false when the window is full */
  #sendSealed(sender: SenderRecord | undefined): boolean {
    const { port } = this.#options
    const frames = this.#items.flatMap(({ sealed }) => (sealed ? [sealed.frame] : []))
    const announcement = sender?.announcement?.frame
    for (const frame of announcement ? [...frames, announcement] : frames) {
      if (port.isInFlight(frame.id)) continue
      if (port.room() === 0) return false
      port.send(frame)
    }
    return true
  }

  async #findParty(): Promise<Party> {
    const party = await this.#options.parties.find(this.to, { isStale: this.#mustRefresh })
    this.#mustRefresh = false
    return party
  }

  async #replaceChain(party: Party): Promise<void> {
    const { conversation, state } = this.#options
    const { state: chain, audience, body } = await makeChain(party, this.#options)
    state.commit(tx => {
      const record: SenderRecord = { state: chain }
      if (body) {
        const id = tx.nextId()
        record.announcement = { id, frame: { t: 'send', kind: 'chain', id, to: this.to, audience, body } }
      }
      tx.tables.senders.put([conversation], record)
    })
  }

  async #seal(sender: SenderRecord, room: number): Promise<void> {
    const { cipher, conversation, state, port } = this.#options
    const count = Math.min(SEAL_BATCH, room, port.room())
    const batch = this.#unsealed().slice(0, count)
    let chain = sender.state
    const sealed: OutboxRecord[] = []
    for (const item of batch) {
      const made = await cipher.seal({ chain, id: item.id, sentAt: item.sentAt, content: item.content })
      chain = made.chain
      const { id, to } = item
      const { audience } = sender.state
      sealed.push({
        ...item,
        sealed: {
          chain: chain.chain,
          frame: { t: 'send', kind: 'message', id, to, audience, body: made.body },
        },
      })
    }
    state.commit(tx => {
      // The chain may have ended while its messages were being sealed, or one of them was changed or taken back: then they
      // are sealed again. A number that is not sent would be a gap.
      if (this.#sender()?.state.chain !== chain.chain || !batch.every(item => this.#items.includes(item)))
        return
      tx.tables.senders.put([conversation], { state: chain })
      for (const item of sealed) this.#put(tx, item)
    })
  }

  #afterError(error: unknown): void {
    if (!(error instanceof FastChatError)) {
      this.#options.report(error)
      this.pause()
    } else if (error.shouldRetry() || error.code === 'device_revoked') {
      if (error.code === 'stale_audience') this.#mustRefresh = true
      this.pause()
    } else {
      this.#fail(this.#unsealed(), error)
    }
  }

  #fail(items: readonly OutboxRecord[], { code, message }: { code: string; message: string }): void {
    if (items.length === 0) return
    this.#options.state.commit(tx => {
      for (const item of items) {
        tx.tables.outbox.delete([item.serial])
        this.#options.port.fail(tx, item, { code, message })
      }
      tx.after(() => {
        this.#remove(items)
        this.#options.port.onFailed(items)
      })
    })
  }

  #sender(): SenderRecord | undefined {
    return this.#options.state.tables.senders.get([this.#options.conversation])
  }

  /** What can be sealed: a file's message only once its file is with a server. */
  #unsealed(): OutboxRecord[] {
    return this.#items.filter(({ sealed, awaits }) => !sealed && awaits === undefined)
  }

  #fresh(id: MessageId): OutboxRecord | undefined {
    return this.#items.find(item => item.id === id && !item.sealed && !item.wasSealed)
  }

  #hasReady(): boolean {
    return this.#items.some(({ awaits }) => awaits === undefined)
  }

  /** Messages that wait for their files to be with a server. */
  awaiting(): OutboxRecord[] {
    return this.#items.filter(({ awaits }) => awaits !== undefined)
  }

  /** A message's file is with a server. */
  release(tx: Tx, awaited: BlobId): void {
    for (const item of this.#items) {
      if (item.awaits !== awaited) continue
      const { awaits: _, ...ready } = item
      this.#put(tx, ready)
    }
    tx.after(() => this.pump())
  }

  /** Gives up a message of which the file cannot be brought to a server. */
  drop(awaited: BlobId, failure: { code: string; message: string }): void {
    this.#fail(
      this.#items.filter(({ awaits }) => awaits === awaited),
      failure,
    )
  }

  #put(tx: Tx, item: OutboxRecord): void {
    tx.tables.outbox.put([item.serial], item)
    tx.after(() => {
      this.#items = this.#items.map(found => (found.serial === item.serial ? item : found))
    })
  }

  #remove(items: readonly OutboxRecord[]): void {
    const serials = new Set(items.map(({ serial }) => serial))
    this.#items = this.#items.filter(({ serial }) => !serials.has(serial))
  }
}

function unseal({ sealed: _, ...item }: OutboxRecord): OutboxRecord {
  return { ...item, wasSealed: true }
}
