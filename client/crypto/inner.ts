import type * as v from 'valibot'
import type { DeviceId, MessageId, UserId } from '../../schema/ids.ts'
import type { MessageClaims, TransientClaims, typ } from '../../schema/jose.ts'
import { utf8 } from './bytes.ts'
import { cannotDecrypt } from './jwe.ts'
import { signJws, verifyJws } from './jws.ts'
import { pad, unpad } from './padding.ts'
import type { ReceiverChain, SenderChain, Signer } from './types.ts'

/** What is inside the encryption of all that goes by a chain or beside it: a padded JWS by the device key. */

const decoder = new TextDecoder('utf-8', { fatal: true })

type InnerTyp = typeof typ.message | typeof typ.transient
type InnerClaims = MessageClaims | TransientClaims

/** What the frame says of a message. */
export interface FramedMessage {
  jwe: string
  id: MessageId
  from: UserId
  device: DeviceId
}

/** The claims that tie what a device signs to a chain of its own. */
export function claimsOfChain(chain: SenderChain, signer: Signer) {
  return {
    sub: signer.userId,
    dev: signer.deviceId,
    conv: chain.conv,
    epoch: chain.epoch,
    roster: chain.roster,
    chain: chain.chain,
  }
}

/** Signs and pads claims: what is to be encrypted. */
export async function sealInner(
  claims: InnerClaims,
  { signer, typ }: { signer: Signer; typ: InnerTyp },
): Promise<Uint8Array<ArrayBuffer>> {
  return pad(utf8(await signJws(claims, { key: signer.deviceKey, typ })))
}

/**
 * Verifies what was decrypted, and that its signature covers all that the frame and the chain say of it: sender, device,
 * conversation, epoch, roster, chain and id. Without that, somebody who got it could seal it again for somebody else. The
 * number in the header is the caller's to compare.
 *
 * @throws FastChatError `cannot_decrypt`
 */
export async function openInner<const S extends v.GenericSchema<unknown, InnerClaims>>(
  plaintext: Uint8Array,
  options: { message: FramedMessage; chain: ReceiverChain; typ: InnerTyp; claims: S; maxChars: number },
): Promise<v.InferOutput<S>> {
  const { message, chain, ...expected } = options
  const claims = await verify(plaintext, { key: chain.deviceKey, ...expected })
  const isBound =
    claims.sub === message.from &&
    claims.sub === chain.user &&
    claims.dev === message.device &&
    claims.dev === chain.device &&
    claims.conv === chain.conv &&
    claims.epoch === chain.epoch &&
    claims.roster === chain.roster &&
    claims.chain === chain.chain &&
    claims.id === message.id
  if (!isBound) throw cannotDecrypt()
  return claims
}

async function verify<const S extends v.GenericSchema>(
  plaintext: Uint8Array,
  expected: { key: ReceiverChain['deviceKey']; typ: InnerTyp; claims: S; maxChars: number },
): Promise<v.InferOutput<S>> {
  try {
    return await verifyJws(decoder.decode(unpad(plaintext)), { ...expected, what: 'message' })
  } catch {
    throw cannotDecrypt()
  }
}
