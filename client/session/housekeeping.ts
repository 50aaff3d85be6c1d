import type { Clock } from '../net/clock.ts'
import type { EarlyChanges } from './early-changes.ts'
import type { Tables } from './records.ts'
import type { State } from './state.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Ids that were received are remembered longer than any server keeps a message (30 days). */
export const seenKeepMs = 35 * DAY_MS
/** Chains of others, since their last message: longer than any prekey lives that could announce one again. */
export const chainKeepMs = 100 * DAY_MS
const CHUNK = 500

/** Clears the tables of what is too old, once a day while the session runs; a part at a time, so that nothing waits. */
export function startHousekeeping({
  state,
  early,
  clock,
  report,
}: {
  state: State
  early: EarlyChanges
  clock: Clock
  report: (error: unknown) => void
}): { stop: () => void } {
  let cancel: () => void = () => undefined
  const round = () => {
    let isDone = true
    try {
      isDone = prune({ state, early }, clock.now())
    } catch (error) {
      report(error)
    }
    cancel = clock.after(isDone ? DAY_MS : 1_000, round)
  }
  cancel = clock.after(60_000, round)
  return { stop: () => cancel() }
}

/**
 * Deletes at most some hundred entries that are too old.
 *
 * @returns whether there were no more
 */
export function prune({ state, early }: { state: State; early: EarlyChanges }, now: number): boolean {
  const { tables } = state
  const before = now - seenKeepMs
  const old: ((tables: Tables) => void)[] = [
    ...select(tables.seen, before).map(
      ({ id }) =>
        (t: Tables) =>
          t.seen.delete([id]),
    ),
    ...select(tables.earlyReceipts, before).map(
      ({ id }) =>
        (t: Tables) =>
          t.earlyReceipts.delete([id]),
    ),
    ...select(tables.gone, before).map(
      ({ id }) =>
        (t: Tables) =>
          t.gone.delete([id]),
    ),
    ...select(tables.heldChains, before).map(
      ({ id }) =>
        (t: Tables) =>
          t.heldChains.delete([id]),
    ),
    ...select(tables.receivers, now - chainKeepMs).map(
      ({ state }) =>
        (t: Tables) =>
          t.receivers.delete([state.chain]),
    ),
  ]
  if (old.length === 0 && !early.hasBefore(before)) return true
  const forgotten = state.commit(tx => {
    for (const remove of old) remove(tx.tables)
    return early.prune(tx, { before, count: CHUNK })
  })
  return old.length + forgotten < CHUNK
}

function select<T extends { at: number }>(table: { range(): Iterable<{ value: T }> }, before: number): T[] {
  const found: T[] = []
  for (const { value } of table.range()) {
    if (value.at < before) found.push(value)
    if (found.length >= CHUNK) break
  }
  return found
}
