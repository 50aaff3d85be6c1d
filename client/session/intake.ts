import { FastChatError } from '../../schema/errors.ts'
import type { MessageFrame } from '../../schema/frames.ts'
import type { ChainId, MessageId, PrekeyId, UserId } from '../../schema/ids.ts'
import type { ChainClaims } from '../../schema/jose.ts'
import type { ChatEvent } from '../chat.ts'
import { missingBefore, placeOf } from '../core/hold-back.ts'
import { ChangedKey, UnknownRoster } from '../crypto/envelope.ts'
import type { Cipher, OpenedChain, OpenedContent } from './cipher.ts'
import { applyContent, type ContentsOptions } from './contents.ts'
import { type RosterPlace, threadOf } from './groups.ts'
import { noteDevice, type People } from './people.ts'
import type {
  ChainFrame,
  PrekeyRecord,
  ReceiverRecord,
  SealedFrame,
  Thread,
  WaitingRecord,
} from './records.ts'
import type { State, Tx } from './state.ts'
import { appendNotice, ensureConversation, threadWith } from './timeline.ts'
import type { Typing } from './typing.ts'
import type { Waiting } from './waiting.ts'

export interface IntakeOptions extends ContentsOptions {
  state: State
  people: People
  cipher: Cipher
  waiting: Waiting
  typing: Pick<Typing, 'open'>
  report: (error: unknown) => void
}

/** Announcements that are kept at a time. */
export const maxHeldChains = 200

interface Held {
  frame: SealedFrame
  chain: ChainId
  n: number
  /** When it was held already before this batch. */
  record?: WaitingRecord
  isCopy?: boolean
}

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
  /** Announcements that cannot be accepted yet, and those that were tried again. */
  readonly #heldChains = new Map<MessageId, ChainFrame>()
  readonly #retried = new Set<ChainFrame>()
  /** Something is kept only because a server did not answer: it is to be tried again soon. */
  isHoldingForNow = false
  #held: Held[] = []
  readonly #released = new Set<WaitingRecord>()
  readonly #steps: ((tx: Tx) => void)[] = []
  /** What is told and not kept. */
  readonly #moments: ChatEvent[] = []

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** @throws FastChatError `disk_full` */
  async take(frame: MessageFrame): Promise<void> {
    this.ids.push(frame.id)
    if (frame.kind === 'transient') {
      const event = await this.#options.typing.open(frame, chain => this.#receiver(chain))
      if (event) this.#moments.push(event)
      return
    }
    const isCopy = this.#isSeen(frame.id)
    this.#seen.add(frame.id)
    // What this device wrote itself is here already.
    if (frame.device === this.#options.identity.deviceId) return
    if (frame.kind === 'message') await this.#takeMessage(frame, isCopy)
    else if (!isCopy) await this.#tryChain(frame)
  }

  /** Tries an announcement again that could not be accepted before. */
  async retry(frame: ChainFrame): Promise<void> {
    this.#retried.add(frame)
    await this.#tryChain(frame)
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
      const thread = await this.#threadOf(first.frame)
      this.#steps.push(tx => {
        for (const record of records) this.#options.waiting.markNoticed(tx, record)
        const missing = records.filter(({ noticed }) => !noticed).length
        if (thread) noticeGap(tx, { from: first.frame.from, missing, thread })
      })
    }
  }

  /** Writes everything, durably. @throws FastChatError `disk_full`: then nothing is written */
  commit(): void {
    const { state, waiting } = this.#options
    try {
      if (this.#isOfTheMoment()) return
      state.commit(tx => {
        for (const step of this.#steps) step(tx)
        for (const [chain, receiver] of this.#receivers) {
          tx.tables.receivers.put([chain], { ...receiver, at: tx.now })
        }
        for (const { id } of this.#retried) tx.tables.heldChains.delete([id])
        this.#holdChains(tx)
        for (const record of this.#released) waiting.remove(tx, record)
        for (const held of this.#held) {
          for (const evicted of held.record ? [] : waiting.add(tx, held)) this.#noticeEvicted(tx, evicted)
        }
        for (const id of this.#seen) tx.tables.seen.put([id], { id, at: tx.now })
      })
    } catch (error) {
      waiting.reload()
      throw error
    } finally {
      for (const event of this.#moments.splice(0)) state.emit(event)
    }
  }

  /** Nothing is written for what is only for the moment. */
  #isOfTheMoment(): boolean {
    const { size: seen } = this.#seen
    return (
      seen === 0 && this.#steps.length + this.#receivers.size + this.#retried.size + this.#released.size === 0
    )
  }

  /** Kept within a bound: the oldest of whoever has most gives way. */
  #holdChains(tx: Tx): void {
    if (this.#heldChains.size === 0) return
    const held = Array.from(tx.tables.heldChains.range(), ({ value }) => value)
    for (const frame of this.#heldChains.values()) {
      const record = { id: frame.id, frame, at: tx.now }
      tx.tables.heldChains.put([frame.id], record)
      held.push(record)
    }
    for (let over = held.length - maxHeldChains; over > 0; over--) {
      const counts = new Map<UserId, number>()
      for (const { frame } of held) counts.set(frame.from, (counts.get(frame.from) ?? 0) + 1)
      const [loudest] = [...counts].sort(([, one], [, other]) => other - one)[0] ?? []
      const at = held.findIndex(({ frame }) => frame.from === loudest)
      for (const { id } of held.splice(at, 1)) tx.tables.heldChains.delete([id])
    }
  }

  async #takeChain(frame: ChainFrame): Promise<void> {
    const { people, state } = this.#options
    const prekeyId = frame.body.header.kid.split('/')[1] ?? ''
    const prekey = this.#usedPrekeys.has(prekeyId) ? undefined : state.tables.prekeys.get([prekeyId])
    // Its messages will wait in vain, and a notice will tell: the announcement itself is nothing that a person misses.
    if (!prekey) return
    const opened = await this.#openChain(frame, prekey)
    if (!opened) return
    const chain = opened.state.chain
    // A chain is never begun twice: an announcement that is brought again would open its messages again.
    if (this.#receiver(chain)) return
    const thread = this.#threadOfChain(opened)
    if (!thread) return
    this.#set({ state: opened.state, ...thread, from: frame.from, device: frame.device, at: 0, told: [] })
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
   * Opens an announcement. Of a group it must be bound to a roster that this device has verified: if need be, the server
   * is asked for what is new in it.
   *
   * @returns undefined when it is refused, of which a notice tells
   * @throws FastChatError what the server says; `cannot_decrypt`; ChangedKey
   */
  async #openChain(frame: ChainFrame, prekey: PrekeyRecord): Promise<OpenedChain | undefined> {
    const { cipher, people, groups } = this.#options
    const pinned = people.get(frame.from)?.thumbprint ?? null
    const group = (claims: ChainClaims) => groups.find(placeIn(claims))
    const open = () => cipher.openChain({ frame, prekey, pinned, group })
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof UnknownRoster)) throw error
      try {
        await groups.catchUp(error.group)
        return await open()
      } catch (again) {
        const isUnknown = again instanceof UnknownRoster
        // That a roster cannot be fetched now stops nothing else: the announcement is kept, and tried again.
        if (!isUnknown && again instanceof FastChatError && again.shouldRetry())
          return this.#holdForNow(frame)
        return this.#refuseChain(frame, error)
      }
    }
  }

  #holdForNow(frame: ChainFrame): undefined {
    this.#heldChains.set(frame.id, frame)
    this.isHoldingForNow = true
  }

  /** It is kept all the same: when the true roster shows, or a key is accepted, it is tried again. */
  #refuseChain(frame: ChainFrame, { group, conv, epoch, roster, from }: UnknownRoster): undefined {
    const { groups } = this.#options
    this.#heldChains.set(frame.id, frame)
    const reason = groups.troubleOf({ group, conv, epoch, roster, user: from })
    const key = `${reason} ${from}`
    this.#steps.push(tx => groups.refuse(tx, group, { reason, from, key }))
  }

  /** The conversation of a chain whose announcement was checked; undefined when it is none that this device knows. */
  #threadOfChain({ state, with: other }: OpenedChain): Thread | undefined {
    const { people, groups, cipher } = this.#options
    if ('group' in other) {
      const record = groups.get(other.group)
      return record && people.meet(other.sender.userId, other.sender) && threadOf(record)
    }
    const person = people.meet(other.userId, other)
    if (!person || cipher.conversationWith(person.thumbprint) !== state.conv) return undefined
    return threadWith(person)
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
      const thread = threadOfReceiver(receiver)
      if (missing > 0) noticeGap(tx, { from: receiver.from, missing, thread })
      this.#keep(tx, { frame, opened, receiver, thread })
    })
  }

  #keep(
    tx: Tx,
    {
      frame,
      opened,
      receiver,
      thread,
    }: { frame: SealedFrame; opened: OpenedContent; receiver: ReceiverRecord; thread: Thread },
  ): void {
    const { identity, groups } = this.#options
    const { id, from, device } = frame
    const { content, sentAt } = opened
    const incoming = { id, from, device, mine: from === identity.userId, sentAt, content, thread }
    if (thread.kind === 'direct') {
      applyContent(tx, incoming, this.#options)
      return
    }
    const record = groups.get(thread.with)
    if (!record) return
    const { epoch } = receiver.state
    if (groups.mayBeHeard(record, from)) {
      applyContent(tx, { ...incoming, group: { record, epoch } }, this.#options)
      return
    }
    groups.refuse(tx, thread.with, {
      reason: 'not-a-member',
      from,
      key: `gone ${from} ${record.state.epoch}`,
    })
  }

  /** A message that cannot be read is told of once, and is no longer waited for. */
  #noticeBroken(receiver: ReceiverRecord, n: number): void {
    if (receiver.told.includes(n)) return
    const told = n >= receiver.state.n ? [...receiver.told, n].slice(-100) : receiver.told
    this.#set({ ...receiver, told })
    this.#steps.push(tx =>
      noticeGap(tx, { from: receiver.from, missing: 1, thread: threadOfReceiver(receiver) }),
    )
  }

  #noticeUnreadable(frame: SealedFrame): void {
    this.#steps.push(tx => this.#noticeLost(tx, frame))
  }

  #noticeEvicted(tx: Tx, { frame, noticed }: WaitingRecord): void {
    if (!noticed) this.#noticeLost(tx, frame)
  }

  #noticeLost(tx: Tx, frame: SealedFrame): void {
    const thread = this.#knownThreadOf(frame)
    if (thread) noticeGap(tx, { from: frame.from, missing: 1, thread })
  }

  /** Whose conversation a frame of an unknown chain belongs to. Somebody who is new is asked for. */
  async #threadOf(frame: SealedFrame): Promise<Thread | undefined> {
    const known = this.#knownThreadOf(frame)
    if (known || 'group' in frame.to) return known
    const person = await this.#options.people.ensure(this.#otherOf(frame, frame.to)).catch(() => undefined)
    return person && threadWith(person)
  }

  #knownThreadOf(frame: SealedFrame): Thread | undefined {
    const { people, groups } = this.#options
    if ('group' in frame.to) {
      const record = groups.get(frame.to.group)
      // What somebody says who is not in it tells nothing to those who are.
      return record && groups.mayBeHeard(record, frame.from) ? threadOf(record) : undefined
    }
    const person = people.get(this.#otherOf(frame, frame.to))
    return person && threadWith(person)
  }

  #otherOf({ from }: SealedFrame, to: { user: UserId }): UserId {
    return from === this.#options.identity.userId ? to.user : from
  }

  async #tryChain(frame: ChainFrame): Promise<void> {
    try {
      await this.#takeChain(frame)
    } catch (error) {
      if (error instanceof FastChatError && error.shouldRetry()) throw error
      if (error instanceof ChangedKey) {
        this.#heldChains.set(frame.id, frame)
        this.#noteKey(frame, error)
      } else this.#report(error)
    }
  }

  /** Somebody writes by another account key than the one that is pinned, or than the one that their group has for them. */
  #noteKey({ from }: ChainFrame, { group, thumbprint }: ChangedKey): void {
    const { people, groups } = this.#options
    if (group === undefined) people.meet(from, { thumbprint })
    else {
      const key = `key-changed ${from} ${thumbprint}`
      this.#steps.push(tx => groups.refuse(tx, group, { reason: 'key-changed', from, key }))
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

/** Where the announced chain of a group says that it belongs. */
function placeIn({ to, conv, epoch, roster, sub }: ChainClaims): RosterPlace {
  return { group: 'group' in to ? to.group : '', conv, epoch, roster, user: sub }
}

function threadOfReceiver({ conversation, kind, with: other }: ReceiverRecord): Thread {
  return { conversation, kind, with: other }
}

function noticeGap(
  tx: Tx,
  { from, missing, thread }: { from: UserId; missing: number; thread: Thread },
): void {
  if (tx.tables.people.get([from])?.isBlocked) return
  // A stranger begins a request, whatever of theirs comes first.
  ensureConversation(tx, thread, { isRequest: true })
  appendNotice(tx, { notice: { type: 'gap', from, missing }, thread })
}
