import type { PresenceDocument, ServerDocument } from '../../schema/documents.ts'
import type { DeviceId, ServerId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'

/** The servers whose lease was renewed lately, by the database's time (ms). */
export function aliveServers(servers: readonly ServerDocument[], databaseNow: number): ServerDocument[] {
  return servers.filter(({ heartbeatAt }) => heartbeatAt.getTime() > databaseNow - limits.leaseDeadMs)
}

/** The living servers that hold any of these devices, sorted. */
export function routeOf(
  devices: readonly DeviceId[],
  { presence, alive }: { presence: ReadonlyMap<DeviceId, PresenceDocument>; alive: ReadonlySet<ServerId> },
): ServerId[] {
  const route = new Set<ServerId>()
  for (const device of devices) {
    const serverId = presence.get(device)?.serverId
    if (serverId !== undefined && alive.has(serverId)) route.add(serverId)
  }
  return [...route].sort()
}

/** Whether everybody of `now` is reached by `before`. */
export function isCovered(now: readonly ServerId[], before: readonly ServerId[]): boolean {
  return now.every(serverId => before.includes(serverId))
}
