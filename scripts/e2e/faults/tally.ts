/** One message as a recipient's device has it: the stream that it belongs to, and its place in it. */
export interface Mark {
  /** Who wrote it, on which device, to whom, in which burst: what one sender chain after the other carries. */
  stream: string
  /** From 1, without a gap. */
  n: number
}

/** What was found at the recipients. */
export interface Counts {
  /** Messages that devices had to get: one that goes to three devices counts three times. */
  expected: number
  lost: number
  duplicated: number
  /** Messages that stand before one that was written earlier on the same device to the same person. */
  disordered: number
}

export const nothing: Counts = { expected: 0, lost: 0, duplicated: 0, disordered: 0 }

/** Two messages that differ have different texts, so that a test of equal texts finds what came twice. */
export function textOf({ stream, n }: Mark): string {
  return `${stream}#${n}`
}

/** @returns undefined for a text that is none of ours */
export function markOf(text: string): Mark | undefined {
  const [, stream, n] = /^(.+)#(\d+)$/.exec(text) ?? []
  return stream === undefined ? undefined : { stream, n: Number(n) }
}

/**
 * Counts what one device has against what it had to get.
 *
 * @param written how many messages each stream has
 * @param got what the device shows, in its order; streams that are not in `written` are left out
 */
export function tally(written: ReadonlyMap<string, number>, got: readonly Mark[]): Counts {
  const counts = { ...nothing }
  const seen = new Map<string, Set<number>>()
  const highest = new Map<string, number>()
  for (const { stream, n } of got) {
    if (!written.has(stream)) continue
    const numbers = seen.get(stream) ?? new Set()
    seen.set(stream, numbers)
    if (numbers.has(n)) {
      counts.duplicated++
      continue
    }
    numbers.add(n)
    const before = highest.get(stream) ?? 0
    if (n < before) counts.disordered++
    else highest.set(stream, n)
  }
  for (const [stream, count] of written) {
    counts.expected += count
    counts.lost += count - (seen.get(stream)?.size ?? 0)
  }
  return counts
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, each) => ({
      expected: total.expected + each.expected,
      lost: total.lost + each.lost,
      duplicated: total.duplicated + each.duplicated,
      disordered: total.disordered + each.disordered,
    }),
    nothing,
  )
}

export function isClean({ lost, duplicated, disordered }: Counts): boolean {
  return lost === 0 && duplicated === 0 && disordered === 0
}
