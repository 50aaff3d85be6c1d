import { decodeProtectedHeader } from 'jose'
import * as v from 'valibot'
import type { Content } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { ChainId, MessageId } from '../../schema/ids.ts'
import { MessageClaims, MessageHeader, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url } from './bytes.ts'
import { checkNotSpent, step, takeKey } from './chain.ts'
import { claimsOfChain, type FramedMessage, openInner, sealInner } from './inner.ts'
import { cannotDecrypt, openDirect, sealDirect } from './jwe.ts'
import type { ReceiverChain, SenderChain, Signer } from './types.ts'

/**
 * Encrypts a message with the next key of a chain: JWS by the device key, padded, in a compact JWE (PROTOCOL.md, "Sender
 * chains"). The caller stores `chain` before the JWE leaves the machine, so that no key is ever used twice.
 *
 * @throws FastChatError `internal` when the chain is used up (`isChainSpent()`); `too_large` when the JWE would be longer
 *   than `limits.maxMessageJweChars`
 */
export async function sealMessage(
  message: { id: MessageId; sentAt: number; content: Content },
  { chain, signer }: { chain: SenderChain; signer: Signer },
): Promise<{ jwe: string; chain: SenderChain }> {
  checkNotSpent(chain)
  const { messageKey, next } = step(chain.ck)
  const claims: MessageClaims = {
    ...claimsOfChain(chain, signer),
    n: chain.n,
    id: message.id,
    iat: message.sentAt,
    content: message.content,
  }
  const jwe = await sealDirect(await sealInner(claims, { signer, typ: typ.message }), {
    key: fromBase64Url(messageKey),
    header: { kid: chain.chain, n: chain.n },
  })
  if (jwe.length > limits.maxMessageJweChars) {
    throw new FastChatError('too_large', 'Cannot encrypt message: it is too long')
  }
  return { jwe, chain: { ...chain, ck: next, n: chain.n + 1 } }
}

/**
 * Which chain a message belongs to, and its number there. Not authenticated before `openMessage()`.
 *
 * @throws FastChatError `cannot_decrypt` when its header is not a message's
 */
export function readMessageHeader(jwe: string): { chain: ChainId; n: number } {
  try {
    if (jwe.length <= limits.maxMessageJweChars) {
      const { kid, n } = v.parse(MessageHeader, decodeProtectedHeader(jwe))
      return { chain: kid, n }
    }
  } catch {
    // Falls through to the one error.
  }
  throw cannotDecrypt()
}

/**
 * Opens a message of a chain and checks that its signature covers all that the frame and the chain say of it: sender,
 * device, conversation, epoch, roster, chain, number and id. Without that, somebody who got it could seal it again for
 * somebody else.
 *
 * @returns the claims, and the chain that replaces the one given: it cannot open this message again
 * @throws FastChatError `cannot_decrypt`, and the given chain stays as it is
 */
export async function openMessage(
  message: FramedMessage,
  { chain }: { chain: ReceiverChain },
): Promise<{ claims: MessageClaims; chain: ReceiverChain }> {
  const header = readMessageHeader(message.jwe)
  if (header.chain !== chain.chain) throw cannotDecrypt()
  const taken = takeKey(chain, header.n)
  const plaintext = await openDirect(message.jwe, {
    key: fromBase64Url(taken.messageKey),
    header: MessageHeader,
    maxChars: limits.maxMessageJweChars,
  })
  const claims = await openInner(plaintext, {
    message,
    chain,
    typ: typ.message,
    claims: MessageClaims,
    maxChars: limits.maxMessageJweChars,
  })
  if (claims.n !== header.n) throw cannotDecrypt()
  return { claims, chain: taken.chain }
}
