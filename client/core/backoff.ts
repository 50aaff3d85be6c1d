export interface Backoff {
  /** The longest first pause. */
  baseMs: number
  /** No pause is longer. */
  maxMs: number
}

/**
 * How long to pause before trying again: between half and all of `baseMs * 2^failures`, at most `maxMs`. The random half
 * keeps a thousand clients that lost one server from coming back in the same moment.
 *
 * @param failures how many tries in a row have failed, 0 or more
 * @param random from 0 to 1
 */
export function backoffMs(failures: number, { baseMs, maxMs, random }: Backoff & { random: number }): number {
  // 2^30 is beyond every `maxMs`; a larger exponent would only reach Infinity.
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30))
  return Math.round(ceiling / 2 + (ceiling / 2) * random)
}
