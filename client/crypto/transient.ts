import { decodeProtectedHeader } from 'jose'
import * as v from 'valibot'
import type { TransientContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { ChainId, MessageId } from '../../schema/ids.ts'
import { TransientClaims, TransientHeader, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { transientKey } from './chain.ts'
import { claimsOfChain, type FramedMessage, openInner, sealInner } from './inner.ts'
import { cannotDecrypt, openDirect, sealDirect } from './jwe.ts'
import type { ReceiverChain, SenderChain, Signer } from './types.ts'

/** What is only for the moment ("is typing"): beside the ratchet of a chain, under keys of its own. */

/**
 * Encrypts a transient message beside a chain, which stays as it is (PROTOCOL.md, "Transient messages").
 *
 * @param message `t`: a number that grows with every transient message of the chain, after a restart too, such as the
 *   time in ms; `sentAt` by the server's clock
 * @throws FastChatError `internal` when the chain has no key for it (`tk`); `too_large` when the JWE would be longer than
 *   `limits.maxJwsChars`
 */
export async function sealTransient(
  message: { id: MessageId; sentAt: number; content: TransientContent },
  { chain, signer, t }: { chain: SenderChain; signer: Signer; t: number },
): Promise<string> {
  if (chain.tk === undefined) {
    throw new FastChatError('internal', 'Cannot encrypt message: the chain has no key for it')
  }
  const claims: TransientClaims = {
    ...claimsOfChain(chain, signer),
    t,
    id: message.id,
    iat: message.sentAt,
    content: message.content,
  }
  const jwe = await sealDirect(await sealInner(claims, { signer, typ: typ.transient }), {
    key: transientKey(chain.tk, t),
    header: { kid: chain.chain, t },
  })
  if (jwe.length <= limits.maxJwsChars) return jwe
  throw new FastChatError('too_large', 'Cannot encrypt message: it is too long')
}

/**
 * Beside which chain a transient message goes, and its number. Not authenticated before `openTransient()`.
 *
 * @throws FastChatError `cannot_decrypt` when its header is not a transient message's
 */
export function readTransientHeader(jwe: string): { chain: ChainId; t: number } {
  try {
    if (jwe.length <= limits.maxJwsChars) {
      const { kid, t } = v.parse(TransientHeader, decodeProtectedHeader(jwe))
      return { chain: kid, t }
    }
  } catch {
    // Falls through to the one error.
  }
  throw cannotDecrypt()
}

/**
 * Opens a transient message and checks that its signature covers all that the frame and the chain say of it, as
 * `openMessage()` does. The caller remembers `claims.t` as the chain's `lastT`.
 *
 * @param options `lastT`: the highest number opened beside this chain, undefined when none was; `now`: ms since 1970 by the
 *   server's clock
 * @throws FastChatError `cannot_decrypt`; also when its number is not above `lastT`, or its time differs from `now` by more
 *   than `limits.maxTransientAgeMs`
 */
export async function openTransient(
  message: FramedMessage,
  { chain, lastT, now }: { chain: ReceiverChain; lastT: number | undefined; now: number },
): Promise<TransientClaims> {
  const header = readTransientHeader(message.jwe)
  if (chain.tk === undefined || header.chain !== chain.chain) throw cannotDecrypt()
  if (lastT !== undefined && header.t <= lastT) throw cannotDecrypt()
  const plaintext = await openDirect(message.jwe, {
    key: transientKey(chain.tk, header.t),
    header: TransientHeader,
    maxChars: limits.maxJwsChars,
  })
  const claims = await openInner(plaintext, {
    message,
    chain,
    typ: typ.transient,
    claims: TransientClaims,
    maxChars: limits.maxJwsChars,
  })
  if (claims.t !== header.t) throw cannotDecrypt()
  if (Math.abs(now - claims.iat) > limits.maxTransientAgeMs) throw cannotDecrypt()
  return claims
}
