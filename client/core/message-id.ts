import type { MessageId } from '../../schema/ids.ts'

const RAND_BITS = 74n
const RAND_LIMIT = 1n << RAND_BITS
/** Fresh ids leave the top bit of the random part free, so that counting up has room. */
const FRESH_MASK = (1n << 73n) - 1n

/**
 * The next UUIDv7 (RFC 9562 section 5.7, counter by method 2 of section 6.2): greater than `last` in any case, even when
 * the clock stands still or goes back.
 *
 * @param last the last id that this device made, if any
 * @param nowMs ms since 1970
 * @param random 10 random bytes
 */
export function nextMessageId(
  last: MessageId | undefined,
  { nowMs, random }: { nowMs: number; random: Uint8Array },
): MessageId {
  const previous = last === undefined ? undefined : split(last)
  const time = BigInt(Math.max(0, Math.floor(nowMs)))
  if (!previous || time > previous.time) return join(time, number(random) & FRESH_MASK)
  const step = BigInt((random[0] ?? 0) + 1)
  const next = previous.rand + step
  if (next < RAND_LIMIT) return join(previous.time, next)
  return join(previous.time + 1n, number(random) & FRESH_MASK)
}

/** The moment within a UUIDv7, ms since 1970, as its maker's clock had it. */
export function timeOfId(id: MessageId): number {
  return Number(split(id).time)
}

function split(id: MessageId): { time: bigint; rand: bigint } {
  const hex = id.replaceAll('-', '')
  const randA = BigInt(`0x${hex.slice(13, 16)}`)
  const randB = BigInt(`0x${hex.slice(16)}`) & ((1n << 62n) - 1n)
  return { time: BigInt(`0x${hex.slice(0, 12)}`), rand: (randA << 62n) | randB }
}

function join(time: bigint, rand: bigint): MessageId {
  const low = (0b10n << 62n) | (rand & ((1n << 62n) - 1n))
  const hex =
    time.toString(16).padStart(12, '0') +
    '7' +
    (rand >> 62n).toString(16).padStart(3, '0') +
    low.toString(16).padStart(16, '0')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
