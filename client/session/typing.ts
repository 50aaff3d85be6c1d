import { randomBytes } from 'node:crypto'
import type { Recipient } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ChatEvent, ConversationId } from '../chat.ts'
import { nextMessageId } from '../core/message-id.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import type { Cipher } from './cipher.ts'
import { placeOf } from './destinations.ts'
import type { Groups } from './groups.ts'
import { audienceFor, type Parties } from './parties.ts'
import type { Identity, ReceiverRecord, TransientFrame } from './records.ts'
import { readSettings } from './settings.ts'
import type { State } from './state.ts'

export interface TypingOptions {
  identity: Identity
  state: State
  cipher: Cipher
  parties: Parties
  groups: Groups
  clock: Clock
  connection: Pick<Connection, 'send' | 'state'>
}

/** Chains of which it is remembered what came last: what was forgotten could show again for a moment, no more. */
const MAX_CHAINS = 1_000

/**
 * Who is writing. It is never waited for, kept or tried again: what cannot be sent or opened now is dropped, and nothing is
 * written to the disk for it.
 */
export class Typing {
  readonly #options: TypingOptions
  /** What was told last, and when it was told last that somebody writes. */
  readonly #told = new Map<ConversationId, { at: number; isTyping: boolean }>()
  /** The highest number that was opened, by chain. */
  readonly #opened = new Map<string, number>()
  #sent = 0
  /** The server's clock less this device's. */
  #skewMs = 0

  constructor(options: TypingOptions) {
    this.#options = options
  }

  /** @param welcome `now`: the server's time, ms */
  onOnline({ now }: { now: number }): void {
    this.#skewMs = now - this.#options.clock.now()
    // Whoever gets it may be others now.
    this.#told.clear()
  }

  /** See `Chat.typing`. */
  async tell({ conversation, isTyping }: { conversation: ConversationId; isTyping: boolean }): Promise<void> {
    const { state, cipher, clock, connection } = this.#options
    const record = state.tables.conversations.get([conversation])
    if (!record || record.isRequest || record.isBlocked || connection.state.state !== 'online') return
    if (!readSettings(state.tables).sendsTyping) return
    const { to } = placeOf(conversation, this.#options)
    const chain = this.#chainFor(conversation, to)
    if (!chain || !this.#isNews(conversation, isTyping)) return
    const now = clock.now()
    // The time, so that it grows over a restart too.
    this.#sent = Math.max(now, this.#sent + 1)
    const id = nextMessageId(undefined, { nowMs: now, random: randomBytes(10) })
    const content = { type: 'typing' as const, isTyping }
    const body = await cipher.sealTransient({ chain, id, sentAt: now + this.#skewMs, content, t: this.#sent })
    connection.send({ t: 'send', kind: 'transient', id, to, audience: chain.audience, body })
  }

  /** What a frame says, when it says anything to this person. Never fails. */
  async open(
    frame: TransientFrame,
    receiverOf: (chain: string) => ReceiverRecord | undefined,
  ): Promise<ChatEvent | undefined> {
    const { cipher, clock } = this.#options
    try {
      const { chain } = cipher.transientHeaderOf(frame.body)
      const receiver = receiverOf(chain)
      if (!receiver || !this.#isHeard(frame, receiver)) return undefined
      const { content, t } = await cipher.openTransient({
        frame,
        chain: receiver.state,
        lastT: this.#opened.get(chain),
        now: clock.now() + this.#skewMs,
      })
      this.#remember(chain, t)
      if (content.type !== 'typing') return undefined
      const { isTyping } = content
      return { type: 'typing', conversation: receiver.conversation, user: frame.from, isTyping }
    } catch {
      // For the moment only: nobody misses it.
      return undefined
    }
  }

  /** The chain that a conversation is written with, if it reaches everybody now: none is made for this. */
  #chainFor(conversation: ConversationId, to: Recipient) {
    const { state, parties, cipher, clock } = this.#options
    const sender = state.tables.senders.get([conversation])
    const party = parties.known(to)
    const audience = party && audienceFor(party)
    if (!sender || sender.announcement || !party?.devices?.length || audience === undefined) return undefined
    const { roster } = party
    const room = cipher.roomOf(sender.state, { roster, audience, now: clock.now() })
    return room > 0 && sender.state.tk !== undefined ? sender.state : undefined
  }

  #isNews(conversation: ConversationId, isTyping: boolean): boolean {
    const now = this.#options.clock.now()
    const told = this.#told.get(conversation)
    if (isTyping) {
      if (told && now >= told.at && now - told.at < limits.typingRepeatMs) return false
      this.#told.set(conversation, { at: now, isTyping })
      return true
    }
    if (!told?.isTyping) return false
    this.#told.set(conversation, { ...told, isTyping })
    return true
  }

  /** Of strangers, of those who are blocked and of those who are not in the group nothing shows. */
  #isHeard({ from, device }: TransientFrame, receiver: ReceiverRecord): boolean {
    const { state, identity, groups } = this.#options
    const { conversation, kind, with: other } = receiver
    if (from === identity.userId || from !== receiver.from || device !== receiver.device) return false
    const record = state.tables.conversations.get([conversation])
    if (!record || record.isRequest || state.tables.people.get([from])?.isBlocked) return false
    if (kind === 'direct') return true
    const group = groups.get(other)
    return group?.conversation === conversation && groups.mayBeHeard(group, from)
  }

  #remember(chain: string, t: number): void {
    this.#opened.delete(chain)
    this.#opened.set(chain, t)
    const [oldest] = this.#opened.keys()
    if (this.#opened.size > MAX_CHAINS && oldest !== undefined) this.#opened.delete(oldest)
  }
}
