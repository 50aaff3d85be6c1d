import { flattenedDecrypt, GeneralEncrypt } from 'jose'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, DeviceId, GroupId, UserId } from '../../schema/ids.ts'
import { ChainClaims, type FlattenedJwe, GeneralJwe, profile, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { utf8 } from './bytes.ts'
import { verifyCertificate } from './certificate.ts'
import { acceptChain } from './chain.ts'
import { cannotDecrypt } from './jwe.ts'
import { readUnverified, signJws, verifyJws } from './jws.ts'
import { publicEd25519, publicX25519, thumbprint, useKey } from './keys.ts'
import { kidOf } from './prekeys.ts'
import { directConversation } from './roster.ts'
import { inSlices } from './slices.ts'
import type { PrivateJwk, ReceiverChain, SenderChain, Signer, VerifiedPrekey } from './types.ts'

/** An announcement holds a certificate and a signature: this bounds it. */
const MAX_ANNOUNCEMENT_CHARS = 3 * limits.maxJwsChars
const Protected = v.strictObject({ enc: v.literal(profile.encryption), epk: v.optional(v.unknown()) })
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Announces a chain to devices: JWS by the device key inside a General JWE, one recipient entry for each prekey
 * (RFC 7516 section 7.2.1). One ECDH a device, 0.5 ms each.
 *
 * @param prekeys checked by `verifyPrekey()`; at least one, at most `limits.maxRecipients`
 */
export async function announceChain(
  chain: SenderChain,
  {
    signer,
    accountKey,
    certificate,
    prekeys,
  }: {
    signer: Signer
    accountKey: { x: Base64Url32 }
    certificate: string
    prekeys: readonly VerifiedPrekey[]
  },
): Promise<GeneralJwe> {
  const claims: ChainClaims = {
    sub: signer.userId,
    dev: signer.deviceId,
    accountKey: publicEd25519(accountKey),
    certificate,
    to: chain.to,
    conv: chain.conv,
    epoch: chain.epoch,
    roster: chain.roster,
    chain: chain.chain,
    ck: chain.ck,
    n: 0,
    iat: chain.createdAt,
  }
  const signed = await signJws(claims, { key: signer.deviceKey, typ: typ.chain })
  const encrypt = new GeneralEncrypt(utf8(signed)).setProtectedHeader({ enc: profile.encryption })
  const keys = await inSlices(prekeys, async prekey => ({
    key: await useKey(publicX25519(prekey)),
    kid: kidOf(prekey),
  }))
  for (const { key, kid } of keys) {
    encrypt.addRecipient(key).setUnprotectedHeader({ alg: profile.keyAgreement, kid })
  }
  return v.parse(GeneralJwe, await encrypt.encrypt())
}

/** Who opens an announcement: oneself, and what one knows of the sender. */
export interface ChainReader {
  self: {
    userId: UserId
    thumbprint: Base64Url32
    /** When given, an announcement that this very device signed is refused: somebody has sent it back. */
    deviceId?: DeviceId
  }
  /** The private part of the prekey that the entry's `kid` names. */
  prekey: PrivateJwk
  /** Sender and device as the frame names them. */
  from: UserId
  device: DeviceId
  /** The thumbprint that is pinned for the sender; null at first contact. */
  pinned: Base64Url32 | null
  /**
   * What this device knows of the roster that a group's chain names: exactly that group, epoch and hash, verified from the
   * signed events. Undefined when it has not verified it (yet). Without it no group's chain is opened.
   */
  group?: (claims: ChainClaims) => KnownRoster | undefined
}

/** What a verified roster says of the sender of a chain that names it. */
export interface KnownRoster {
  conv: Base64Url32
  /** The thumbprint of the sender's account key in it; null when sender or reader was no member then. */
  memberKey: Base64Url32 | null
}

export interface OpenedChain {
  chain: ReceiverChain
  claims: ChainClaims
  /** The sender's account key by its thumbprint: what to pin at first contact. */
  senderThumbprint: Base64Url32
}

/**
 * Opens the announcement of a chain and checks all of it: the account key is the pinned one, it certified the device, the
 * device signed the announcement, and the conversation is either the one of the two account keys, one of them one's own, or
 * a group's, of a roster that has both. So nobody can pass on a chain that was meant for somebody else.
 *
 * The caller's duty: a chain id that is known already is not taken again, else its messages could be replayed; so chain ids
 * are remembered as long as the private part of any prekey that could open them. A group's chain of an earlier epoch opens
 * too: whether somebody who was removed since may still be heard is the caller's to say (`limits.removedGraceMs`).
 *
 * @throws FastChatError `cannot_decrypt` whatever is wrong with it
 * @throws ChangedKey when all is right but the account key is not the pinned one, or not the one that the group's roster
 *   has: the caller tells the person
 * @throws UnknownRoster when all is right but the group's roster is not known: the caller catches up and tries again
 */
export async function openChain(jwe: FlattenedJwe, reader: ChainReader): Promise<OpenedChain> {
  try {
    const signed = await decryptEntry(jwe, reader.prekey)
    const claimed = readUnverified(signed, { claims: ChainClaims, maxChars: MAX_ANNOUNCEMENT_CHARS })
    if (!claimed || claimed.sub !== reader.from || claimed.dev !== reader.device) throw cannotDecrypt()
    if (claimed.dev === reader.self.deviceId) throw cannotDecrypt()
    const senderThumbprint = await thumbprint(claimed.accountKey)
    const deviceKey = await verifyCertificate(claimed.certificate, {
      userId: claimed.sub,
      deviceId: claimed.dev,
      accountKey: claimed.accountKey,
    })
    const claims = await verifyJws(signed, {
      key: deviceKey,
      typ: typ.chain,
      claims: ChainClaims,
      what: 'chain',
      maxChars: MAX_ANNOUNCEMENT_CHARS,
    })
    checkConversation(claims, { reader, senderThumbprint })
    return { chain: acceptChain(claims, { deviceKey }), claims, senderThumbprint }
  } catch (error) {
    if (error instanceof ChangedKey || error instanceof UnknownRoster) throw error
    throw cannotDecrypt()
  }
}

/** Not a failure to decrypt: the sender has, or claims, another account key than the pinned one. */
export class ChangedKey extends FastChatError {
  /** Of the other account key. */
  readonly thumbprint: Base64Url32
  /** The group whose roster has another key for the sender, when that is what differs. */
  readonly group?: GroupId

  constructor(thumbprint: Base64Url32, { group }: { group?: GroupId } = {}) {
    super(
      'account_key_changed',
      group === undefined
        ? 'Cannot open chain: the account key of the sender is another one than before'
        : 'Cannot open chain: the account key of the sender is another one than the group has',
    )
    this.thumbprint = thumbprint
    if (group !== undefined) this.group = group
  }
}

/**
 * Not a failure to decrypt: a device that is what it says, of the pinned account, names a roster that is not known here. It
 * may be newer than what is known, or none at all: the server's events decide.
 */
export class UnknownRoster extends FastChatError {
  readonly group: GroupId
  readonly conv: Base64Url32
  readonly epoch: number
  readonly roster: Base64Url32
  readonly from: UserId

  constructor(group: GroupId, { conv, epoch, roster, sub }: ChainClaims) {
    super('stale_roster', 'Cannot open chain: it names a state of the group that is not known here')
    this.group = group
    this.conv = conv
    this.epoch = epoch
    this.roster = roster
    this.from = sub
  }
}

async function decryptEntry(jwe: FlattenedJwe, prekey: PrivateJwk): Promise<string> {
  const { plaintext, protectedHeader } = await flattenedDecrypt(jwe, await useKey(prekey), {
    keyManagementAlgorithms: [profile.keyAgreement],
    contentEncryptionAlgorithms: [profile.encryption],
    maxDecompressedLength: 0,
  })
  if (!v.is(Protected, protectedHeader)) throw cannotDecrypt()
  return decoder.decode(plaintext)
}

/** @throws FastChatError `cannot_decrypt`; ChangedKey, UnknownRoster */
function checkConversation(
  claims: ChainClaims,
  { reader, senderThumbprint }: { reader: ChainReader; senderThumbprint: Base64Url32 },
): void {
  const { self, pinned } = reader
  const group = 'group' in claims.to ? claims.to.group : undefined
  if (group === undefined) {
    if (!isForDirectConversation(claims, { reader, senderThumbprint })) throw cannotDecrypt()
  } else if (!reader.group || (claims.sub === self.userId && senderThumbprint !== self.thumbprint)) {
    throw cannotDecrypt()
  }
  // After the signatures, so that nobody but the holder of another account key for this name can bring it about.
  if (pinned !== null && pinned !== senderThumbprint) throw new ChangedKey(senderThumbprint)
  if (group === undefined) return
  const known = reader.group?.(claims)
  if (!known) throw new UnknownRoster(group, claims)
  if (known.conv !== claims.conv || known.memberKey === null) throw cannotDecrypt()
  if (known.memberKey !== senderThumbprint) throw new ChangedKey(senderThumbprint, { group })
}

/** The conversation's id covers both account keys; whom it is with follows from who sends it. */
function isForDirectConversation(
  claims: ChainClaims,
  { reader, senderThumbprint }: { reader: ChainReader; senderThumbprint: Base64Url32 },
): boolean {
  const { self } = reader
  if (!('user' in claims.to) || claims.epoch !== 0 || claims.roster !== claims.conv) return false
  if (claims.conv !== directConversation(senderThumbprint, claims.to.key)) return false
  const isToSelf = claims.to.user === self.userId && claims.to.key === self.thumbprint
  if (claims.sub !== self.userId) return isToSelf
  // One's own other device: whoever it writes to, but by one's own account key only.
  return senderThumbprint === self.thumbprint && (isToSelf || claims.to.user !== self.userId)
}
