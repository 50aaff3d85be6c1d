import type { Hono } from 'hono'
import type { ServerKey } from './auth/server-key.ts'
import { Tokens } from './auth/tokens.ts'
import { Blobs, type BlobsOptions } from './blobs/blobs.ts'
import type { Limits } from './config/limits.ts'
import { perMinute } from './core/token-bucket.ts'
import { Frames } from './delivery/frames.ts'
import { Hub } from './delivery/hub.ts'
import { Lease } from './delivery/lease.ts'
import { Groups } from './groups/groups.ts'
import { createApp } from './http/app.ts'
import type { Carried, Services } from './http/context.ts'
import type { Clock } from './port/clock.ts'
import { errorFields, type Log } from './port/log.ts'
import { type MetricsPort, noMetrics } from './port/metrics.ts'
import type { Store } from './port/store.ts'
import type { Upgrade } from './port/wire.ts'

/** What a server needs of the world, every part behind a port. */
export interface Parts {
  key: ServerKey
  store: Store
  clock: Clock
  log: Log
  limits: Limits
  upgrade: Upgrade
  addressOf: Services['addressOf']
  /** Default: there is no connection to end. */
  cutOff?: Services['cutOff']
  isStopping: () => boolean
  /** Default: nothing is counted. */
  metrics?: MetricsPort
  /** Lets others than this machine read `/metrics`. */
  metricsToken?: string | undefined
  /** The address that clients and other servers are told. */
  url: () => string
}

/** Joins the parts of a server. Nothing runs yet: no port, no timer, no change stream. */
export function assemble(parts: Parts): { app: Hono<Carried>; hub: Hub; lease: Lease } {
  const { key, store, clock, log, limits, metrics = noMetrics, metricsToken } = parts
  const now = () => lease.now()
  const groups = new Groups({ store, now, limits })
  const hub: Hub = new Hub({
    ...{ key, store, groups, clock, log, limits, now, metrics },
    dead: () => lease.dead(),
  })
  const lease: Lease = new Lease({
    ...{ key, clock, log, limits },
    store: store.servers,
    url: parts.url,
    load: () => hub.size,
    onServers: () => hub.presence.serversRead(),
    onLost() {
      hub.reassert().catch(error => log.warn(errorFields(error), 'Cannot write presence again'))
    },
  })
  const tokens = new Tokens({ key, store, now, limits })
  const frames = new Frames({ hub, groups, tokens, clock, now, log, limits, metrics })
  const blobOptions: BlobsOptions = {
    ...{ store, groups, clock, now, limits, metrics },
    devices: hub.devices,
    isStopping: parts.isStopping,
  }
  const blobs = new Blobs(blobOptions)
  const app = createApp({
    ...{ blobs, uploads: { ...blobOptions, blobs }, cutOff: parts.cutOff ?? (() => false) },
    ...{ key, store, tokens, hub, groups, frames, lease, clock, log, limits, metrics, metricsToken },
    upgrade: parts.upgrade,
    addressOf: parts.addressOf,
    isStopping: parts.isStopping,
    rates: {
      logins: perMinute(limits.maxLoginsPerMinute),
      challenges: perMinute(limits.maxLoginsPerMinute),
      failedLogins: perMinute(limits.maxFailedLoginsPerMinute, { maxKeys: 100_000 }),
      claims: perMinute(limits.maxClaimsPerMinute),
      rosterEvents: perMinute(limits.maxRosterEventsPerMinute),
      blobs: perMinute(limits.maxBlobsPerMinute),
    },
  })
  return { app, hub, lease }
}
