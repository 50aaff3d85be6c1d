import { type Counts, type Mark, nothing } from '../faults/tally.ts'

/** When something was done: from before it was asked for until after it was answered; ms of one clock. */
export interface Interval {
  from: number
  to: number
}

/** A message to the group, and when it was on its way to the database. */
export interface Written extends Mark {
  at: Interval
}

/** When somebody came into the group and, unless they stayed, went out of it. */
export interface Stay {
  join: Interval
  end?: Interval
}

export interface Verdict extends Counts {
  /** Messages that somebody has who was not in the group when they were written. */
  leaked: number
}

/**
 * Judges what one member has of all that was written. What was written while they were surely in the group must be there,
 * once and in order; what was written while they were surely not must not be. In between (they came or went while it
 * was on its way) either is right.
 */
export function judge(
  written: readonly Written[],
  { stay, got }: { stay: Stay; got: readonly Mark[] },
): Verdict {
  const verdict: Verdict = { ...nothing, leaked: 0 }
  const had = new Map<string, number>()
  const last = new Map<string, number>()
  for (const { stream, n } of got) {
    const key = `${stream}#${n}`
    had.set(key, (had.get(key) ?? 0) + 1)
    if (n < (last.get(stream) ?? 0)) verdict.disordered++
    last.set(stream, Math.max(n, last.get(stream) ?? 0))
  }
  for (const message of written) {
    const count = had.get(`${message.stream}#${message.n}`) ?? 0
    const place = placeOf(message.at, stay)
    if (place === 'in') verdict.expected++
    if (place === 'in' && count === 0) verdict.lost++
    if (place === 'out' && count > 0) verdict.leaked++
    if (count > 1) verdict.duplicated++
  }
  return verdict
}

function placeOf(at: Interval, { join, end }: Stay): 'in' | 'out' | 'either' {
  if (at.to <= join.from || (end !== undefined && at.from >= end.to)) return 'out'
  const isAfterJoin = at.from >= join.to
  const isBeforeEnd = end === undefined || at.to <= end.from
  return isAfterJoin && isBeforeEnd ? 'in' : 'either'
}
