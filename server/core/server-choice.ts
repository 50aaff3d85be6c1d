import type { PresenceDocument, ServerDocument } from '../../schema/documents.ts'
import type { ServerId } from '../../schema/ids.ts'

/**
 * The servers that are alive by the database's own clock, the least loaded first.
 *
 * @param nowMs the database's time
 */
export function aliveServers(
  servers: readonly ServerDocument[],
  { nowMs, leaseDeadMs }: { nowMs: number; leaseDeadMs: number },
): ServerDocument[] {
  return servers
    .filter(({ heartbeatAt }) => heartbeatAt.getTime() > nowMs - leaseDeadMs)
    .sort((a, b) => a.load - b.load || (a._id < b._id ? -1 : 1))
}

/**
 * The servers that hold any of these devices, sorted. One that is not known yet may have just started, so it counts.
 */
export function routeOf(
  presence: readonly PresenceDocument[],
  { dead }: { dead: ReadonlySet<ServerId> },
): ServerId[] {
  return [...new Set(presence.map(({ serverId }) => serverId))].filter(id => !dead.has(id)).sort()
}

/** The route to write when devices have moved since the last one; undefined when it reaches them all. */
export function correctedRoute(
  before: readonly ServerId[],
  now: readonly ServerId[],
): ServerId[] | undefined {
  if (now.every(serverId => before.includes(serverId))) return undefined
  return [...new Set([...before, ...now])].sort()
}
