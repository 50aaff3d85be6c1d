import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import { type ChainClaims, type Ed25519Jwk, hkdfInfo } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, hkdf, randomBase64Url, toBase64Url } from './bytes.ts'
import { cannotDecrypt } from './jwe.ts'
import type { ReceiverChain, Roster, SenderChain } from './types.ts'

/** A new chain of a sending device: random id, random chain key, no message yet. `now` in ms since 1970. */
export function startChain(chain: {
  roster: Roster
  to: SenderChain['to']
  audience: Base64Url32
  now: number
}): SenderChain {
  const { roster, to, audience, now } = chain
  const ck = randomBase64Url(32)
  return {
    chain: randomBase64Url(16),
    ck,
    n: 0,
    tk: transientBase(ck),
    conv: roster.conv,
    epoch: roster.epoch,
    roster: roster.hash,
    to,
    audience,
    createdAt: now,
  }
}

/** Whether a chain must be replaced before the next message: used up, too old, or not announced to these devices. */
export function isChainSpent(
  chain: SenderChain,
  { audience, roster, now }: { audience: Base64Url32; roster: Roster; now: number },
): boolean {
  return (
    chain.n >= limits.maxChainMessages ||
    now - chain.createdAt >= limits.maxChainAgeMs ||
    // A clock that went back would keep the chain alive for ever.
    now < chain.createdAt - limits.clockToleranceMs ||
    chain.audience !== audience ||
    chain.conv !== roster.conv ||
    chain.roster !== roster.hash ||
    chain.epoch !== roster.epoch
  )
}

/** The receiving side of a chain whose announcement was checked. */
export function acceptChain(claims: ChainClaims, sender: { deviceKey: Ed25519Jwk }): ReceiverChain {
  return {
    chain: claims.chain,
    ck: claims.ck,
    n: claims.n,
    skipped: {},
    tk: transientBase(claims.ck),
    conv: claims.conv,
    epoch: claims.epoch,
    roster: claims.roster,
    user: claims.sub,
    device: claims.dev,
    deviceKey: sender.deviceKey,
  }
}

/** The key of the message that a chain key stands for, and the chain key of the next one. */
export function step(ck: Base64Url32): { messageKey: Base64Url32; next: Base64Url32 } {
  const key = fromBase64Url(ck)
  return {
    messageKey: toBase64Url(hkdf(key, hkdfInfo.message)),
    next: toBase64Url(hkdf(key, hkdfInfo.chain)),
  }
}

/** What the keys of a chain's transient messages come from, out of its first key: it tells nothing of message keys. */
function transientBase(firstKey: Base64Url32): Base64Url32 {
  return toBase64Url(hkdf(fromBase64Url(firstKey), hkdfInfo.transient))
}

/** The key of the transient message of number `t`. */
export function transientKey(tk: Base64Url32, t: number): Uint8Array<ArrayBuffer> {
  return hkdf(fromBase64Url(tk), `${hkdfInfo.transient}/${t}`)
}

/**
 * Takes the key of message `n` out of a receiving chain: a skipped one, or a later one, after which those between are
 * skipped. The chain that is returned cannot give it again.
 *
 * @throws FastChatError `cannot_decrypt` when the key was used already, or `limits.maxSkippedKeys` would be exceeded
 */
export function takeKey(chain: ReceiverChain, n: number): { messageKey: Base64Url32; chain: ReceiverChain } {
  if (n < chain.n) {
    const { [String(n)]: messageKey, ...skipped } = chain.skipped
    if (messageKey === undefined) throw cannotDecrypt()
    return { messageKey, chain: { ...chain, skipped } }
  }
  const missing = n - chain.n
  if (missing + Object.keys(chain.skipped).length > limits.maxSkippedKeys) throw cannotDecrypt()
  const skipped = { ...chain.skipped }
  let { ck } = chain
  for (let number = chain.n; number < n; number++) {
    const { messageKey, next } = step(ck)
    skipped[String(number)] = messageKey
    ck = next
  }
  const { messageKey, next } = step(ck)
  return { messageKey, chain: { ...chain, ck: next, n: n + 1, skipped } }
}

/** @throws FastChatError `internal` when a chain is used beyond its end, which `isChainSpent()` tells before. */
export function checkNotSpent(chain: SenderChain): void {
  if (chain.n < limits.maxChainMessages) return
  throw new FastChatError('internal', 'Cannot encrypt message: the chain is used up')
}
