import type { ServerKey } from '../auth/server-key.ts'
import type { Caller, Tokens } from '../auth/tokens.ts'
import type { Blobs } from '../blobs/blobs.ts'
import type { UploadOptions } from '../blobs/upload.ts'
import type { Limits } from '../config/limits.ts'
import type { TokenBuckets } from '../core/token-bucket.ts'
import type { Frames } from '../delivery/frames.ts'
import type { Hub } from '../delivery/hub.ts'
import type { Lease } from '../delivery/lease.ts'
import type { Groups } from '../groups/groups.ts'
import type { Clock } from '../port/clock.ts'
import type { Log } from '../port/log.ts'
import type { MetricsPort } from '../port/metrics.ts'
import type { Store } from '../port/store.ts'
import type { Upgrade } from '../port/wire.ts'

/** What the routes are made of. */
export interface Services {
  key: ServerKey
  store: Store
  tokens: Tokens
  hub: Hub
  frames: Frames
  groups: Groups
  blobs: Blobs
  /** What uploads of attachments need. */
  uploads: UploadOptions
  lease: Lease
  clock: Clock
  log: Log
  limits: Limits
  rates: Rates
  metrics: MetricsPort
  /** Lets others than this machine read `/metrics`; undefined: nobody else may. */
  metricsToken: string | undefined
  upgrade: Upgrade
  /** The address of whoever asks, for rate limits. */
  addressOf: (environment: unknown, forwardedFor: string | undefined) => string
  /** Ends the connection of a request whose answer has begun and cannot be finished; false when there is none. */
  cutOff: (environment: unknown) => boolean
  /** True once the server has begun to stop. */
  isStopping: () => boolean
}

export interface Rates {
  /** Sign-ups, log-ins and new devices, by address. */
  logins: TokenBuckets
  /** Questions for the parameters of a log-in, by address. */
  challenges: TokenBuckets
  /** Failed log-ins, by user. */
  failedLogins: TokenBuckets
  /** One-time prekeys, by user. */
  claims: TokenBuckets
  /** Changes of groups, by user. */
  rosterEvents: TokenBuckets
  /** Announced attachments, by user. */
  blobs: TokenBuckets
}

/** Hono's type of what a request carries. */
export interface Carried {
  Variables: { caller: Caller }
}
