import type { ServerDocument } from '../../schema/documents.ts'
import type { ServerId } from '../../schema/ids.ts'
import type { ServerKey } from '../auth/server-key.ts'
import type { Limits } from '../config/limits.ts'
import { aliveServers } from '../core/server-choice.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { ServerStore } from '../port/store.ts'

export interface LeaseOptions {
  key: ServerKey
  url: () => string
  store: ServerStore
  clock: Clock
  log: Log
  limits: Limits
  /** The number of connected devices. */
  load: () => number
  /** The list of servers was read: some may have died. */
  onServers: () => void
  /** The lease had been lost: others may have removed what this server had written. */
  onLost: () => void
}

/** A list of servers that is older than this is read again when somebody asks. */
const SERVERS_FRESH_MS = 1_000

/** This server's lease, and with it the database's time and the list of the others. */
export class Lease {
  readonly #options: LeaseOptions
  /** What is added to this machine's clock to get the database's. */
  #offsetMs = 0
  #renewedAt = Number.NEGATIVE_INFINITY
  #heardAt = Number.NEGATIVE_INFINITY
  #lagMs = 0
  #servers: readonly ServerDocument[] = []
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<readonly ServerDocument[]> | undefined
  #cancel: () => void = () => undefined
  #isStopped = false
  #isFirst = true

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  /** The database's time, ms since 1970. */
  now(): number {
    return this.#options.clock.now() + this.#offsetMs
  }

  /** Renews once. @throws FastChatError `unavailable` */
  async renew(): Promise<void> {
    const { key, url, store, clock, load } = this.#options
    const askedAt = clock.now()
    const { heartbeatAt, isNew } = await store.renew({
      _id: key.serverId,
      url: url(),
      jwk: key.jwk,
      load: load(),
    })
    const answeredAt = clock.now()
    this.#offsetMs = heartbeatAt.getTime() - (askedAt + answeredAt) / 2
    this.#renewedAt = answeredAt
    if (isNew && !this.#isFirst) this.#options.onLost()
    this.#isFirst = false
  }

  /** Renews from now on. */
  keep(): void {
    const { clock, limits, log } = this.#options
    this.#cancel = clock.after(limits.leaseRenewMs, () => {
      this.#renewAndTidy()
        .catch(error => log.warn(errorFields(error), 'Cannot renew lease'))
        .finally(() => {
          if (!this.#isStopped) this.keep()
        })
    })
  }

  /** Ends the lease: nobody routes anything here any more. */
  async end(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#options.store.remove([this.#options.key.serverId])
  }

  /** The feed has brought the renewal of this time of the database's. */
  heard(heartbeatAt: Date): void {
    this.#heardAt = this.#options.clock.now()
    this.#lagMs = Math.max(0, this.now() - heartbeatAt.getTime())
  }

  /** Since the feed last brought a renewal, ms; infinite before the first. */
  get silenceMs(): number {
    return this.#options.clock.now() - this.#heardAt
  }

  /** How long the last renewal took from the database to here, ms. */
  get lagMs(): number {
    return this.#lagMs
  }

  /** Whether the feed has ever brought one: it is open, from the database to here. */
  get isHeard(): boolean {
    return this.#heardAt > Number.NEGATIVE_INFINITY
  }

  /** Why this server cannot store and deliver now; undefined when it can. */
  trouble(): string | undefined {
    const oldest = this.#options.clock.now() - this.#options.limits.leaseDeadMs
    if (this.#renewedAt < oldest) return 'the database does not answer'
    if (this.#heardAt < oldest) return 'the change stream is silent'
    return undefined
  }

  /** The servers that are alive, the least loaded first. */
  async alive(): Promise<ServerDocument[]> {
    const servers = await this.#read(SERVERS_FRESH_MS)
    return aliveServers(servers, { nowMs: this.now(), leaseDeadMs: this.#options.limits.leaseDeadMs })
  }

  /** Servers that are known to be dead, as far as is known here without asking. */
  dead(): Set<ServerId> {
    const { limits } = this.#options
    const alive = aliveServers(this.#servers, { nowMs: this.now(), leaseDeadMs: limits.leaseDeadMs })
    const living = new Set(alive.map(({ _id }) => _id))
    return new Set(this.#servers.map(({ _id }) => _id).filter(id => !living.has(id)))
  }

  async #renewAndTidy(): Promise<void> {
    await this.renew()
    const { limits, store, key } = this.#options
    const servers = await this.#read(0)
    // Long enough that no token of theirs is alive and no pause of a process was mistaken for its end.
    const oldest = this.now() - limits.leaseDeadMs - limits.accessTokenMs
    const gone = servers.filter(
      ({ _id, heartbeatAt }) => _id !== key.serverId && heartbeatAt.getTime() < oldest,
    )
    if (gone.length > 0) await store.remove(gone.map(({ _id }) => _id))
  }

  async #read(maxAgeMs: number): Promise<readonly ServerDocument[]> {
    const { clock, store } = this.#options
    if (clock.now() - this.#readAt < maxAgeMs) return this.#servers
    this.#reading ??= store
      .all()
      .then(servers => {
        this.#servers = servers
        this.#readAt = clock.now()
        this.#options.onServers()
        return servers
      })
      .finally(() => {
        this.#reading = undefined
      })
    return await this.#reading
  }
}
