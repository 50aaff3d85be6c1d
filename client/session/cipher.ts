import type { Content, KnownContent, TransientContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, ChainId, GroupId, MessageId, UserId } from '../../schema/ids.ts'
import type { Ed25519Jwk, GeneralJwe } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import type { ConversationId } from '../chat.ts'
import { makeAssertion } from '../crypto/assertion.ts'
import { checkCertificate, verifyCertificate } from '../crypto/certificate.ts'
import { isChainSpent, startChain } from '../crypto/chain.ts'
import { announceChain, type ChainReader, openChain } from '../crypto/envelope.ts'
import { publicEd25519, thumbprint } from '../crypto/keys.ts'
import { openMessage, readMessageHeader, sealMessage } from '../crypto/message.ts'
import { makeOneTimePrekeys, makePrekey, verifyPrekey } from '../crypto/prekeys.ts'
import { directConversation, directRoster } from '../crypto/roster.ts'
import { openTransient, readTransientHeader, sealTransient } from '../crypto/transient.ts'
import type { Prekey, ReceiverChain, Roster, SenderChain, VerifiedPrekey } from '../crypto/types.ts'
import type { Party } from './parties.ts'
import type {
  ChainFrame,
  Identity,
  KnownDevice,
  Person,
  PrekeyRecord,
  SealedFrame,
  TransientFrame,
} from './records.ts'

/** Somebody, and the account key that is theirs. */
export interface Met {
  userId: UserId
  thumbprint: Base64Url32
  jwk?: Ed25519Jwk
}

/** A chain that somebody announced to this device, and whom the conversation is with. */
export interface OpenedChain {
  state: ReceiverChain
  with: Met | { group: GroupId; sender: Met }
}

export interface OpenedContent {
  chain: ReceiverChain
  content: Content
  sentAt: number
}

/** What this device can do with its keys: client/crypto, bound to one identity. Nothing here writes or asks anybody. */
export class Cipher {
  readonly #identity: Identity
  /** Of this account's key. */
  readonly thumbprint: Base64Url32

  constructor(identity: Identity, ownThumbprint: Base64Url32) {
    this.#identity = identity
    this.thumbprint = ownThumbprint
  }

  static async create(identity: Identity): Promise<Cipher> {
    return new Cipher(identity, await thumbprint(identity.accountKey))
  }

  /** @param request `now` by the server's clock */
  assert({ audience, now }: { audience: string; now: number }): Promise<string> {
    return makeAssertion(this.#identity, { server: audience, now })
  }

  thumbprintOf(accountKey: Ed25519Jwk): Promise<Base64Url32> {
    return thumbprint(accountKey)
  }

  conversationWith(other: Base64Url32): ConversationId {
    return directConversation(this.thumbprint, other)
  }

  /** @throws FastChatError `bad_certificate` */
  verifyDevice({
    certificate,
    ...device
  }: {
    userId: UserId
    deviceId: string
    certificate: string
    accountKey: Ed25519Jwk
  }): Promise<Ed25519Jwk> {
    return verifyCertificate(certificate, device)
  }

  /**
   * When the account key certified a device of one's own, ms since 1970.
   *
   * @throws FastChatError `bad_certificate`
   */
  async certifiedAt({ deviceId, certificate }: { deviceId: string; certificate: string }): Promise<number> {
    const { userId, accountKey } = this.#identity
    const own = { userId, deviceId, accountKey: publicEd25519(accountKey) }
    return (await checkCertificate(certificate, own)).iat
  }

  /** @throws FastChatError `bad_prekey` */
  checkPrekey(prekey: {
    device: KnownDevice
    jws: string
    use: Prekey['use']
    now: number
  }): Promise<VerifiedPrekey> {
    const { device, jws, use, now } = prekey
    return verifyPrekey(jws, { deviceId: device.deviceId, deviceKey: device.key, use, now })
  }

  async makePrekeys({
    count,
    withSigned,
    now,
  }: {
    count: number
    withSigned: boolean
    now: number
  }): Promise<Required<Omit<PrekeyRecord, 'retiredAt'>>[]> {
    const prekeys = await makeOneTimePrekeys(this.#identity, { count, now })
    if (withSigned) prekeys.push(await makePrekey(this.#identity, { use: 'signed', now }))
    return prekeys.map(({ jws, ...prekey }) => ({ ...prekey, createdAt: now, upload: jws }))
  }

  /** How many more messages a chain may carry; 0 when another one is needed. */
  roomOf(chain: SenderChain, use: { roster: Roster; audience: Base64Url32; now: number }): number {
    if (isChainSpent(chain, use)) return 0
    return limits.maxChainMessages - chain.n
  }

  /** A new chain; `body` announces it, and is absent when there is nobody to announce it to. */
  async makeChain(chain: {
    party: Pick<Party, 'roster' | 'destination'>
    audience: Base64Url32
    now: number
    prekeys: readonly VerifiedPrekey[]
  }): Promise<{ state: SenderChain; body?: GeneralJwe }> {
    const { party, audience, now, prekeys } = chain
    const state = startChain({ roster: party.roster, to: party.destination, audience, now })
    if (prekeys.length === 0) return { state }
    const { accountKey, certificate } = this.#identity
    return {
      state,
      body: await announceChain(state, { signer: this.#identity, accountKey, certificate, prekeys }),
    }
  }

  async seal(message: {
    chain: SenderChain
    id: MessageId
    sentAt: number
    content: KnownContent
  }): Promise<{ chain: SenderChain; body: string }> {
    const { chain, ...rest } = message
    const sealed = await sealMessage(rest, { chain, signer: this.#identity })
    return { chain: sealed.chain, body: sealed.jwe }
  }

  /**
   * @param announcement `pinned`: the thumbprint of the sender's account key, null at first contact
   * `group`: where the roster that it names stands, if it is verified
   * @throws FastChatError `cannot_decrypt`; ChangedKey; UnknownRoster
   */
  async openChain(announcement: {
    frame: ChainFrame
    prekey: PrekeyRecord
    pinned: Base64Url32 | null
    group: NonNullable<ChainReader['group']>
  }): Promise<OpenedChain> {
    const { frame, prekey, pinned, group } = announcement
    const { userId } = this.#identity
    const { chain, claims, senderThumbprint } = await openChain(frame.body, {
      self: { userId, thumbprint: this.thumbprint },
      prekey: prekey.key,
      from: frame.from,
      device: frame.device,
      pinned: frame.from === userId ? this.thumbprint : pinned,
      // What is brought for one place and says another is refused before anything of that other one is asked.
      group: claims => {
        const isThere = 'group' in claims.to && 'group' in frame.to && claims.to.group === frame.to.group
        if (!isThere) throw new FastChatError('cannot_decrypt', 'Cannot open chain: it is for another group')
        return group(claims)
      },
    })
    const sender: Met = {
      userId: frame.from,
      thumbprint: senderThumbprint,
      jwk: publicEd25519(claims.accountKey),
    }
    if ('group' in claims.to) {
      if ('group' in frame.to && frame.to.group === claims.to.group) {
        return { state: chain, with: { group: claims.to.group, sender } }
      }
      throw new FastChatError('cannot_decrypt', 'Cannot open chain: it is for another group')
    }
    if (frame.from !== userId) return { state: chain, with: sender }
    // One's own other device writes to somebody: it has vouched for whom, by its signature.
    return { state: chain, with: { userId: claims.to.user, thumbprint: claims.to.key } }
  }

  /** @throws FastChatError `cannot_decrypt` */
  headerOf(body: string): { chain: ChainId; n: number } {
    return readMessageHeader(body)
  }

  /** @throws FastChatError `cannot_decrypt`; the chain stays as it is */
  async openMessage({ frame, chain }: { frame: SealedFrame; chain: ReceiverChain }): Promise<OpenedContent> {
    const { body: jwe, id, from, device } = frame
    const { claims, chain: next } = await openMessage({ jwe, id, from, device }, { chain })
    return { chain: next, content: claims.content, sentAt: claims.iat }
  }

  /** What is only for the moment goes beside a chain, which stays as it is. `t` grows. */
  sealTransient(message: {
    chain: SenderChain
    id: MessageId
    sentAt: number
    content: TransientContent
    t: number
  }): Promise<string> {
    const { chain, t, ...rest } = message
    return sealTransient(rest, { chain, signer: this.#identity, t })
  }

  /** @throws FastChatError `cannot_decrypt` */
  transientHeaderOf(body: string): { chain: ChainId; t: number } {
    return readTransientHeader(body)
  }

  /** @throws FastChatError `cannot_decrypt`; also when it is not later than `lastT`, or is too old */
  async openTransient(message: {
    frame: TransientFrame
    chain: ReceiverChain
    lastT: number | undefined
    now: number
  }): Promise<{ content: TransientContent; t: number }> {
    const { frame, ...about } = message
    const { body: jwe, id, from, device } = frame
    const { content, t } = await openTransient({ jwe, id, from, device }, about)
    return { content, t }
  }

  /** Two people as a group of two. */
  rosterWith({ userId, thumbprint: key }: Pick<Person, 'userId' | 'thumbprint'>): Roster {
    return directRoster({ user: this.#identity.userId, key: this.thumbprint }, { user: userId, key })
  }
}
