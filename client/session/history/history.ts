import { setImmediate } from 'node:timers/promises'
import type { BlobRef, HistoryContent } from '../../../schema/content.ts'
import { FastChatError } from '../../../schema/errors.ts'
import type { DeviceId, MessageId } from '../../../schema/ids.ts'
import type { HistoryOffer } from '../../chat.ts'
import type { Connection } from '../../net/connection.ts'
import type { Cipher } from '../cipher.ts'
import type { Courier } from '../courier.ts'
import { listDevices } from '../devices.ts'
import type { EarlyChanges } from '../early-changes.ts'
import type { Groups } from '../groups.ts'
import { Mutex } from '../mutex.ts'
import type { People } from '../people.ts'
import type { HistoryOfferRecord, Identity, Person, Thread } from '../records.ts'
import type { State, Tx } from '../state.ts'
import { appendNotice, changeConversation, threadWith } from '../timeline.ts'
import { writeParts } from './export.ts'
import { type HistoryHead, type HistoryItem, parseLine } from './format.ts'
import { fillHistory, isUnknown, placeHistory } from './merge.ts'

export interface HistoryOptions {
  identity: Identity
  state: State
  cipher: Cipher
  people: People
  groups: Groups
  courier: Pick<Courier, 'enqueue'>
  connection: Pick<Connection, 'request'>
  files: HistoryFiles
  early: EarlyChanges
}

/** Where the parts of a history lie on their way: encrypted, with a server. */
export interface HistoryFiles {
  /** Brings a part to a server, for one's own devices. @throws FastChatError `quota_exceeded`, `no_server`, `disk_full` */
  put(part: Uint8Array): Promise<BlobRef>
  /** @throws FastChatError `bad_blob`, `not_found`, `no_server` */
  get(ref: BlobRef): Promise<Uint8Array>
  /** It is needed no more. Best effort. */
  remove(ref: BlobRef): Promise<void>
}

/** Read, or put into one transaction, at a time: a few ms. */
const SLICE_LINES = 40

/** History from one device of an account to another: offered by the one, taken in by the other, neither by itself. */
export class History {
  readonly #options: HistoryOptions
  /** One history at a time: each gives all lines of a conversation places anew. */
  readonly #mutex = new Mutex()

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  offers(): HistoryOffer[] {
    const records = Array.from(this.#options.state.tables.historyOffers.range(), ({ value }) => value)
    return records.map(({ id, from, messages, conversations }) => ({ id, from, messages, conversations }))
  }

  /** See `Chat.shareHistory`. */
  async share({ deviceId }: { deviceId: DeviceId }): Promise<{ messages: number }> {
    const { identity, state, people, courier, files } = this.#options
    const devices = await listDevices(this.#options)
    if (deviceId === identity.deviceId || !devices.some(device => device.deviceId === deviceId)) {
      throw new FastChatError('not_found', 'Cannot share history: this account has no such other device')
    }
    const parts: BlobRef[] = []
    let messages = 0
    let conversations = 0
    for await (const part of writeParts(this.#options)) {
      parts.push(await files.put(part.bytes))
      messages += part.messages
      conversations += part.conversations
    }
    const me = await people.ensure(identity.userId)
    state.commit(tx => {
      courier.enqueue(tx, {
        id: tx.nextId(),
        conversation: me.conversation,
        to: { user: identity.userId },
        sentAt: tx.now,
        content: { type: 'history', device: deviceId, parts, messages, conversations },
      })
    })
    return { messages }
  }

  /** An offer has come from another device of one's own. Part of the transaction that receives it. */
  offered(tx: Tx, offer: { id: MessageId; from: DeviceId; content: HistoryContent }): void {
    const { id, from, content } = offer
    if (content.device !== this.#options.identity.deviceId) return
    const { parts, messages, conversations } = content
    tx.tables.historyOffers.put([id], { id, from, parts, messages, conversations })
    tx.after(() => this.#tell())
  }

  /** See `Chat.answerHistory`. */
  answer(answer: { id: MessageId; isAccepted: boolean }): Promise<{ messages: number }> {
    return this.#mutex.run(() => this.#answer(answer))
  }

  async #answer({ id, isAccepted }: { id: MessageId; isAccepted: boolean }): Promise<{ messages: number }> {
    const { state, files, people, identity } = this.#options
    const offer = state.tables.historyOffers.get([id])
    if (!offer) throw new FastChatError('not_found', 'Cannot answer: no such history was offered')
    const messages = isAccepted ? await this.#takeIn(offer) : 0
    const me = await people.ensure(identity.userId)
    state.commit(tx => {
      tx.tables.historyOffers.delete([id])
      if (isAccepted)
        appendNotice(tx, { notice: { type: 'history-received', messages }, thread: threadWith(me) })
      tx.after(() => this.#tell())
    })
    for (const part of offer.parts) await files.remove(part).catch(() => undefined)
    return { messages }
  }

  /** Some lines at a time, so that nothing else waits; a conversation may go over from one part to the next. */
  async #takeIn({ parts }: HistoryOfferRecord): Promise<number> {
    let head: HistoryHead | undefined
    let items: HistoryItem[] = []
    let count = 0
    let read = 0
    const merge = async () => {
      if (head && items.length > 0) count += await this.#merge(head, items)
      items = []
    }
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for (const part of parts) {
      for (const text of linesIn(decoder.decode(await this.#options.files.get(part)))) {
        const line = parseLine(text)
        if (++read % SLICE_LINES === 0) await setImmediate()
        if ('item' in line) items.push(line)
        else {
          await merge()
          head = line.head
        }
      }
    }
    await merge()
    return count
  }

  async #merge(head: HistoryHead, items: readonly HistoryItem[]): Promise<number> {
    const { state, early } = this.#options
    const found = new Set<MessageId>()
    for (const [at, { item }] of items.entries()) {
      if (at % SLICE_LINES === 0) await setImmediate()
      if (isUnknown(state.tables, item.id)) found.add(item.id)
    }
    const isNewHere = (id: MessageId) => found.has(id)
    const plan = state.commit(tx =>
      placeHistory(tx, { thread: this.#threadOf(tx, head), items, isNewHere, begun: begunBy(head) }),
    )
    if (!plan) return 0
    let count = 0
    for (let at = 0; at < plan.lines.length; at += SLICE_LINES) {
      await setImmediate()
      const lines = plan.lines.slice(at, at + SLICE_LINES)
      count += state.commit(tx => fillHistory(tx, { plan, lines, early }))
    }
    state.emit({ type: 'history-changed', conversation: plan.conversation })
    return count
  }

  /** Its place here: who is new to this device is known as the other one knew them. */
  #threadOf(tx: Tx, head: HistoryHead): Thread {
    const { cipher, groups } = this.#options
    if (head.kind === 'group') {
      if (head.title !== undefined) groups.adoptTitle(tx, head.with, head.title)
      const conversation = groups.get(head.with)?.conversation ?? head.conversation
      return { conversation, kind: 'group', with: head.with }
    }
    const known = tx.tables.people.get([head.with])
    if (known) {
      if (head.isVerified && known.thumbprint === head.key && known.verified === undefined) {
        tx.tables.people.put([head.with], { ...known, verified: head.key })
        changeConversation(tx, { conversation: known.conversation, isVerified: true })
      }
      // Met here, but not talked with: a block still holds.
      const isBegun = tx.tables.conversations.get([known.conversation]) !== undefined
      if (head.isBlocked && known.thumbprint === head.key && !isBegun) {
        const now = tx.tables.people.get([head.with]) ?? known
        tx.tables.people.put([head.with], { ...now, isBlocked: true })
      }
      return threadWith(known)
    }
    const { with: userId, key: thumbprint, accountKey, isBlocked, isVerified } = head
    const person: Person = { userId, thumbprint, conversation: cipher.conversationWith(thumbprint) }
    if (accountKey) person.accountKey = accountKey
    if (isBlocked) person.isBlocked = true
    if (isVerified) person.verified = thumbprint
    tx.tables.people.put([userId], person)
    return threadWith(person)
  }

  #tell(): void {
    this.#options.state.emit({ type: 'history-offers', offers: this.offers() })
  }
}

/** What is said of a conversation that is new to this device. */
function begunBy(head: HistoryHead): Parameters<typeof placeHistory>[1]['begun'] {
  return {
    ...(head.isRequest ? { isRequest: true } : {}),
    ...(head.kind === 'group' && head.title !== undefined ? { title: head.title } : {}),
    ...(head.kind === 'direct' && head.isBlocked ? { isBlocked: true } : {}),
    ...(head.kind === 'direct' && head.isVerified ? { isVerified: true } : {}),
  }
}

function* linesIn(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from)
    const to = end < 0 ? text.length : end
    if (to > from) yield text.slice(from, to)
    from = to + 1
  }
}
