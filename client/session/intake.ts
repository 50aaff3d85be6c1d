import { FastChatError } from '../../schema/errors.ts'
import type { MessageFrame } from '../../schema/frames.ts'
import type { ChainId, MessageId, PrekeyId } from '../../schema/ids.ts'
import { missingBefore, placeOf } from '../core/hold-back.ts'
import { ChangedKey } from '../crypto/envelope.ts'
import type { Cipher, OpenedContent } from './cipher.ts'
import { noteDevice, type People } from './people.ts'
import type { Receipts } from './receipts.ts'
import type { ChainFrame, Identity, Person, ReceiverRecord, SealedFrame, WaitingRecord } from './records.ts'
import type { State, Tx } from './state.ts'
import { appendMessage, appendNotice, setDelivered } from './timeline.ts'
import type { Waiting } from './waiting.ts'

export interface IntakeOptions {
  identity: Identity
  state: State
  people: People
  cipher: Cipher
  waiting: Waiting
  receipts: Pick<Receipts, 'add'>
  report: (error: unknown) => void
}

interface Held {
  frame: SealedFrame
  chain: ChainId
  n: number
  /** When it was held already before this batch. */
  record?: WaitingRecord
  isCopy?: boolean
}

/** The latest moment that a Date can show: a sender may sign any number. */
const MAX_TIME_MS = 8.64e15

/**
 * One batch of received frames: first all of them are opened, in order, without writing anything; then `commit` writes
 * what follows from them as one transaction. So what is acked is on the disk, and a batch that fails has changed nothing.
 *
 * Long because its steps share what the batch has learned so far.
 */
export class Intake {
  readonly #options: IntakeOptions
  /** Every frame of the batch: they may be acked after the commit. */
  readonly ids: MessageId[] = []
  readonly #seen = new Set<MessageId>()
  readonly #receivers = new Map<ChainId, ReceiverRecord>()
  readonly #usedPrekeys = new Set<PrekeyId>()
  #held: Held[] = []
  readonly #released = new Set<WaitingRecord>()
  readonly #steps: ((tx: Tx) => void)[] = []

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** @throws FastChatError `disk_full` */
  async take(frame: MessageFrame): Promise<void> {
    this.ids.push(frame.id)
    const isCopy = this.#isSeen(frame.id)
    this.#seen.add(frame.id)
    // What this device wrote itself is here already.
    if (frame.device === this.#options.identity.deviceId) return
    if (frame.kind === 'message') await this.#takeMessage(frame, isCopy)
    else if (frame.kind === 'chain' && !isCopy) await this.#tryChain(frame)
  }

  /** Lets through what waits on a chain, though something before it is missing; or tells that the chain is. */
  async giveUp(chain: ChainId): Promise<void> {
    const records = this.#options.waiting.of(chain)
    const [first] = records
    if (!first) return
    if (this.#receiver(chain)) {
      if (this.#placeOf(toHeld(first)) === 'hold') await this.#open(toHeld(first))
      await this.#release(chain)
    } else {
      const person = await this.#senderOf(first.frame)
      this.#steps.push(tx => {
        for (const record of records) this.#options.waiting.markNoticed(tx, record)
        const missing = records.filter(({ noticed }) => !noticed).length
        if (person) appendNotice(tx, { notice: { type: 'gap', from: first.frame.from, missing }, person })
      })
    }
  }

  /** Writes everything, durably. @throws FastChatError `disk_full`: then nothing is written */
  commit(): void {
    const { state, waiting } = this.#options
    try {
      state.commit(tx => {
        for (const step of this.#steps) step(tx)
        for (const [chain, receiver] of this.#receivers) {
          tx.tables.receivers.put([chain], { ...receiver, at: tx.now })
        }
        for (const record of this.#released) waiting.remove(tx, record)
        for (const held of this.#held) {
          for (const evicted of held.record ? [] : waiting.add(tx, held)) this.#noticeEvicted(tx, evicted)
        }
        for (const id of this.#seen) tx.tables.seen.put([id], { id, at: tx.now })
      })
    } catch (error) {
      waiting.reload()
      throw error
    }
  }

  async #takeChain(frame: ChainFrame): Promise<void> {
    const { cipher, people, state } = this.#options
    const prekeyId = frame.body.header.kid.split('/')[1] ?? ''
    const prekey = this.#usedPrekeys.has(prekeyId) ? undefined : state.tables.prekeys.get([prekeyId])
    // Its messages will wait in vain, and a notice will tell: the announcement itself is nothing that a person misses.
    if (!prekey) return
    const pinned = people.get(frame.from)?.thumbprint ?? null
    const opened = await cipher.openChain({ frame, prekey, pinned })
    const chain = opened.state.chain
    // A chain is never begun twice: an announcement that is brought again would open its messages again.
    if (this.#receiver(chain)) return
    const person = people.meet(opened.with.userId, opened.with)
    if (!person || person.conversation !== opened.state.conv) return
    this.#set({
      state: opened.state,
      conversation: person.conversation,
      with: person.userId,
      from: frame.from,
      device: frame.device,
      at: 0,
      told: [],
    })
    if (prekey.use === 'one-time') {
      this.#usedPrekeys.add(prekeyId)
      this.#steps.push(tx => tx.tables.prekeys.delete([prekeyId]))
    }
    const { devices } = people.get(frame.from) ?? {}
    if (devices?.every(({ deviceId }) => deviceId !== frame.device)) {
      this.#steps.push(tx => {
        noteDevice(tx, { userId: frame.from, deviceId: frame.device })
        tx.after(() => void people.refresh(frame.from).catch(() => undefined))
      })
    }
    await this.#release(chain)
  }

  /**
   * A copy may be sealed anew, for other devices and on another chain: then it takes its place there, or else the chain
   * would have a gap; but it is shown only once.
   */
  async #takeMessage(frame: SealedFrame, isCopy: boolean): Promise<void> {
    let header: { chain: ChainId; n: number }
    try {
      header = this.#options.cipher.headerOf(frame.body)
    } catch {
      return isCopy ? undefined : this.#noticeUnreadable(frame)
    }
    const held: Held = { frame, ...header, isCopy }
    const place = this.#placeOf(held)
    if (place === 'used') return
    if (place === 'hold') {
      if (!this.#isHeld(held)) this.#held.push(held)
    } else {
      await this.#open(held)
      await this.#release(header.chain)
    }
  }

  #placeOf({ chain, n }: Held): 'open' | 'hold' | 'used' {
    const receiver = this.#receiver(chain)
    if (!receiver) return 'hold'
    const { state, told } = receiver
    const place = placeOf(n, { next: state.n, skipped: Object.keys(state.skipped).map(Number) })
    if (place === 'used') return 'used'
    return place === 'hold' && missingBefore(n, { next: state.n, told }) > 0 ? 'hold' : 'open'
  }

  /** Opens what has waited on a chain, as far as nothing is missing. */
  async #release(chain: ChainId): Promise<void> {
    for (;;) {
      const waiting = this.#options.waiting
        .of(chain)
        .filter(record => !this.#released.has(record))
        .map(toHeld)
      const held = [...waiting, ...this.#held.filter(found => found.chain === chain)]
      const next = held.sort((a, b) => a.n - b.n).find(found => this.#placeOf(found) !== 'hold')
      if (!next) return
      if (this.#placeOf(next) === 'used') this.#unhold(next)
      else await this.#open(next)
    }
  }

  async #open(held: Held): Promise<void> {
    this.#unhold(held)
    const receiver = this.#receiver(held.chain)
    if (!receiver) return
    const { frame, n } = held
    let opened: OpenedContent
    try {
      if (frame.from !== receiver.from || frame.device !== receiver.device) {
        throw new FastChatError('cannot_decrypt', 'Cannot decrypt message: it is not of its chain')
      }
      opened = await this.#options.cipher.openMessage({ frame, chain: receiver.state })
    } catch (error) {
      this.#report(error)
      return held.isCopy ? undefined : this.#noticeBroken(receiver, n)
    }
    const missing =
      n > receiver.state.n ? missingBefore(n, { next: receiver.state.n, told: receiver.told }) : 0
    const told = receiver.told.filter(number => number >= opened.chain.n)
    this.#set({ ...receiver, state: opened.chain, told })
    this.#steps.push(tx => {
      const person = { conversation: receiver.conversation, userId: receiver.with }
      if (missing > 0) appendNotice(tx, { notice: { type: 'gap', from: receiver.from, missing }, person })
      this.#keep(tx, { frame, opened, person })
    })
  }

  #keep(
    tx: Tx,
    {
      frame,
      opened,
      person,
    }: { frame: SealedFrame; opened: OpenedContent; person: Pick<Person, 'userId' | 'conversation'> },
  ): void {
    const { id, from } = frame
    const { content, sentAt } = opened
    if (content.type !== 'text' && content.type !== 'receipt' && content.type !== 'unknown') return
    const mine = from === this.#options.identity.userId
    if (content.type === 'receipt') {
      if (!mine) setDelivered(tx, { ids: content.ids, conversation: person.conversation })
      return
    }
    // An id that is taken: nobody may put something in the place of another message.
    if (tx.tables.messages.get([id])) return
    const message = { id, from, mine, content, sentAt: Math.min(sentAt, MAX_TIME_MS) }
    appendMessage(tx, { message: mine ? { ...message, state: 'stored' } : message, person })
    if (!mine) this.#options.receipts.add(tx, { to: from, id })
  }

  /** A message that cannot be read is told of once, and is no longer waited for. */
  #noticeBroken(receiver: ReceiverRecord, n: number): void {
    if (receiver.told.includes(n)) return
    const told = n >= receiver.state.n ? [...receiver.told, n].slice(-100) : receiver.told
    this.#set({ ...receiver, told })
    this.#steps.push(tx => {
      const person = { conversation: receiver.conversation, userId: receiver.with }
      appendNotice(tx, { notice: { type: 'gap', from: receiver.from, missing: 1 }, person })
    })
  }

  #noticeUnreadable({ from }: MessageFrame): void {
    const person = this.#options.people.get(from)
    if (person)
      this.#steps.push(tx => appendNotice(tx, { notice: { type: 'gap', from, missing: 1 }, person }))
  }

  #noticeEvicted(tx: Tx, { frame, noticed }: WaitingRecord): void {
    const person = noticed ? undefined : tx.tables.people.get([frame.from])
    if (person) appendNotice(tx, { notice: { type: 'gap', from: frame.from, missing: 1 }, person })
  }

  /** Whose conversation a frame of an unknown chain belongs to. Somebody who is new is asked for. */
  async #senderOf({ from, to }: MessageFrame): Promise<Person | undefined> {
    if (!('user' in to)) return undefined
    const userId = from === this.#options.identity.userId ? to.user : from
    return await this.#options.people.ensure(userId).catch(() => undefined)
  }

  async #tryChain(frame: ChainFrame): Promise<void> {
    try {
      await this.#takeChain(frame)
    } catch (error) {
      if (error instanceof FastChatError && error.shouldRetry()) throw error
      if (error instanceof ChangedKey) this.#options.people.meet(frame.from, { thumbprint: error.thumbprint })
      else this.#report(error)
    }
  }

  #report(error: unknown): void {
    if (!(error instanceof FastChatError)) this.#options.report(error)
  }

  #set(receiver: ReceiverRecord): void {
    this.#receivers.set(receiver.state.chain, receiver)
  }

  #receiver(chain: ChainId): ReceiverRecord | undefined {
    return this.#receivers.get(chain) ?? this.#options.state.tables.receivers.get([chain])
  }

  #unhold(held: Held): void {
    if (held.record) this.#released.add(held.record)
    else this.#held = this.#held.filter(found => found !== held)
  }

  #isHeld({ frame, chain }: Held): boolean {
    const held = [...this.#options.waiting.of(chain), ...this.#held]
    return held.some(other => other.frame.id === frame.id && other.chain === chain)
  }

  #isSeen(id: MessageId): boolean {
    return this.#seen.has(id) || this.#options.state.tables.seen.get([id]) !== undefined
  }
}

function toHeld(record: WaitingRecord): Held {
  const { chain, n, frame } = record
  return { chain, n, frame, record }
}
