import type { SyncContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import type { ConversationId, Verification } from '../chat.ts'
import { safetyNumber } from '../crypto/safety-number.ts'
import type { Cipher } from './cipher.ts'
import type { Courier } from './courier.ts'
import { readUserId } from './destinations.ts'
import type { OwnDevices } from './own-devices.ts'
import type { People } from './people.ts'
import type { Identity, Person } from './records.ts'
import type { State, Tx } from './state.ts'
import { appendNotice, changeConversation, threadWith } from './timeline.ts'

export interface TrustOptions {
  identity: Identity
  state: State
  cipher: Cipher
  people: People
  courier: Pick<Courier, 'endChain'>
  ownDevices: OwnDevices
  /** Announcements by a key that was not accepted may be taken in now. */
  onKeyAccepted: () => void
}

/** Whom a person trusts, and whom they do not want to hear. What is decided here, one's other devices are told. */
export class Trust {
  readonly #options: TrustOptions

  constructor(options: TrustOptions) {
    this.#options = options
  }

  /** See `Chat.accept`. */
  accept({ conversation }: { conversation: ConversationId }): void {
    const { state, ownDevices } = this.#options
    state.commit(tx => {
      const record = tx.tables.conversations.get([conversation])
      if (record?.isRequest !== true) return
      changeConversation(tx, { conversation, isRequest: undefined })
      const accepted = record.kind === 'group' ? { group: record.with } : { user: record.with }
      ownDevices.tell(tx, { accepted })
    })
  }

  /** See `Chat.block`. */
  async block({ user: typed, isBlocked }: { user: string; isBlocked: boolean }): Promise<void> {
    const { state, people, identity, ownDevices } = this.#options
    const user = readUserId(typed)
    if (user === identity.userId) throw new FastChatError('usage', 'Cannot block yourself')
    await people.ensure(user)
    state.commit(tx => {
      this.#setBlocked(tx, { user, isBlocked })
      ownDevices.tell(tx, { blocked: { user, isBlocked } })
    })
  }

  /** See `Chat.verification`. */
  async verification({ user: typed }: { user: string }): Promise<Verification> {
    const user = readUserId(typed)
    if (user === this.#options.identity.userId) {
      throw new FastChatError('usage', 'Cannot verify yourself: the number is for two people to compare')
    }
    const person = await this.#options.people.ensure(user)
    const key = person.changedTo ?? person.thumbprint
    const { identity, cipher } = this.#options
    const me = { user: identity.userId, key: cipher.thumbprint }
    const { digits, qr } = await safetyNumber(me, { user: person.userId, key })
    return {
      user: person.userId,
      safetyNumber: digits,
      qr: Buffer.from(qr).toString('base64url'),
      isVerified: person.verified === key,
      isKeyChanged: person.changedTo !== undefined,
    }
  }

  /** See `Chat.setVerified`. */
  async setVerified(request: { user: string; isVerified: boolean; safetyNumber: string }): Promise<void> {
    const { state, people, ownDevices } = this.#options
    const { isVerified } = request
    const user = readUserId(request.user)
    const { thumbprint: key } = await people.ensure(user)
    const shown = await this.verification({ user })
    if (shown.isKeyChanged || shown.safetyNumber !== request.safetyNumber.replace(/\D/g, '')) {
      throw new FastChatError(
        'account_key_changed',
        `Cannot verify "${user}": that is not the safety number of their present, accepted key`,
      )
    }
    state.commit(tx => {
      this.#setVerified(tx, { user, key, isVerified })
      ownDevices.tell(tx, { trusted: { user, key, isVerified } })
    })
  }

  /** See `Chat.acceptKey`. */
  async acceptKey({ user: typed }: { user: string }): Promise<void> {
    const { state, people, ownDevices } = this.#options
    const user = readUserId(typed)
    await people.ensure(user)
    // What it is now: a server that was mistaken, or lied, may have gone back.
    await people.refresh(user).catch((error: unknown) => {
      if (!(error instanceof FastChatError && error.code === 'account_key_changed')) throw error
    })
    const key = people.get(user)?.changedTo
    if (key === undefined) return
    state.commit(tx => {
      this.#pin(tx, { user, key })
      ownDevices.tell(tx, { trusted: { user, key, isVerified: false } })
    })
    await people.refresh(user)
  }

  /** What another device of one's own has decided. Part of the transaction that receives it. */
  apply(tx: Tx, { accepted, blocked, trusted }: SyncContent): void {
    if (accepted) {
      const id =
        'user' in accepted
          ? tx.tables.people.get([accepted.user])?.conversation
          : tx.tables.groups.get([accepted.group])?.conversation
      if (id !== undefined) changeConversation(tx, { conversation: id, isRequest: undefined })
    }
    if (blocked) this.#setBlocked(tx, blocked)
    if (!trusted) return
    const { user, key, isVerified } = trusted
    const person = this.#known(tx, { user, key })
    if (person.thumbprint !== key && person.changedTo === key) this.#pin(tx, { user, key })
    this.#setVerified(tx, { user, key, isVerified })
  }

  #setBlocked(tx: Tx, { user, isBlocked }: { user: UserId; isBlocked: boolean }): void {
    // Also for whom this device does not know yet: another one does.
    if (isBlocked) tx.tables.blocked.put([user], { user })
    else tx.tables.blocked.delete([user])
    const person = tx.tables.people.get([user])
    if (!person) return
    const { isBlocked: _, ...rest } = person
    tx.tables.people.put([user], isBlocked ? { ...rest, isBlocked } : rest)
    changeConversation(tx, { conversation: person.conversation, isBlocked: isBlocked || undefined })
  }

  #setVerified(
    tx: Tx,
    { user, key, isVerified }: { user: UserId; key: Base64Url32; isVerified: boolean },
  ): void {
    const person = tx.tables.people.get([user])
    if (person?.thumbprint !== key || (person.verified === key) === isVerified) return
    const { verified: _, ...rest } = person
    tx.tables.people.put([user], isVerified ? { ...rest, verified: key } : rest)
    appendNotice(tx, { notice: { type: 'verified', user, isVerified }, thread: threadWith(person) })
    changeConversation(tx, { conversation: person.conversation, isVerified: isVerified || undefined })
  }

  /** Pins another account key: their devices are asked for anew, and chains for the old ones are over. */
  #pin(tx: Tx, { user, key }: { user: UserId; key: Base64Url32 }): void {
    const { courier, onKeyAccepted } = this.#options
    const person = tx.tables.people.get([user])
    if (!person) return
    const { changedTo: _c, devices: _d, accountKey: _k, verified: _v, toldDevices: _t, ...kept } = person
    tx.tables.people.put([user], { ...kept, thumbprint: key })
    appendNotice(tx, { notice: { type: 'account-key-accepted', user }, thread: threadWith(person) })
    const { conversation } = person
    changeConversation(tx, { conversation, isKeyChanged: undefined, isVerified: undefined })
    courier.endChain(tx, conversation)
    tx.after(onKeyAccepted)
  }

  /** Somebody; when they are new to this device, as the other one knows them. */
  #known(tx: Tx, { user, key }: { user: UserId; key: Base64Url32 }): Person {
    const known = tx.tables.people.get([user])
    if (known) return known
    const person = { userId: user, thumbprint: key, conversation: this.#options.cipher.conversationWith(key) }
    tx.tables.people.put([user], person)
    return person
  }
}
