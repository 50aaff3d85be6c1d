import type { UserId } from '../schema/ids.ts'
import type { Accounts } from './chat.ts'
import type { AccountFiles, Home } from './home/home.ts'
import type { Clock } from './net/clock.ts'
import { measureServers } from './net/measure-servers.ts'
import type { Transport } from './net/transport.ts'
import { normalizeServerUrl } from './net/urls.ts'

export interface ServerBookOptions {
  home: Home
  /** Normalised addresses of one deployment. */
  servers: readonly string[]
  /** Whether these are meant for every account, whatever server it was made at. */
  isForced: boolean
  transport: Transport
  clock: Clock
}

/** Which servers an account is at, and which of them is tried first. */
export class ServerBook {
  readonly #options: ServerBookOptions
  #chosen: string | undefined
  /** Of those that were measured. */
  #nearest: string | undefined
  /** All that are known to be of the deployment. */
  readonly #known: Set<string>
  /** The servers of accounts that are of another deployment, or may be. */
  readonly #own = new Map<UserId, readonly string[]>()

  constructor(options: ServerBookOptions) {
    this.#options = options
    this.#known = new Set(options.servers)
  }

  /** See `Accounts.measure`. */
  async measure({ url, found }: Parameters<Accounts['measure']>[0]): Promise<void> {
    const { servers, transport, clock } = this.#options
    if (url !== undefined) {
      const own = normalizeServerUrl(url)
      await measureServers([own], {
        transport,
        clock,
        found: server => (server.url === own ? found(server) : undefined),
      })
      return
    }
    let nearestMs = Number.POSITIVE_INFINITY
    await measureServers(servers, {
      transport,
      clock,
      found: server => {
        this.#known.add(server.url)
        if (server.latencyMs !== null && server.latencyMs < nearestMs) {
          nearestMs = server.latencyMs
          this.#nearest = server.url
        }
        found(server)
      },
    })
  }

  /**
   * Takes the server that the person chose. Without one an account stays where it was made, unless the command line says
   * otherwise.
   *
   * @throws FastChatError `usage` when it is no address; `home_damaged`
   */
  async choose(userId: UserId, typed?: string): Promise<void> {
    if (typed === undefined) {
      const files = this.#options.isForced ? null : await this.#options.home.account(userId)
      const kept = (await files?.readLock())?.servers
      if (kept && !this.#own.has(userId)) this.#own.set(userId, kept)
      return
    }
    const url = normalizeServerUrl(typed)
    this.#chosen = url
    if (this.#known.has(url)) this.#own.delete(userId)
    else this.#own.set(userId, [url])
  }

  /** Writes down the choice for an account that this machine has. @throws FastChatError `disk_full` */
  async keep(files: AccountFiles): Promise<void> {
    const { servers: _, ...lock } = await files.readLock()
    const own = this.ownOf(files.userId)
    await files.writeLock({ ...lock, ...(own ? { servers: own } : {}) })
  }

  /** What is written down for it, if anything. */
  ownOf(userId: UserId): string[] | undefined {
    const own = this.#own.get(userId)
    return own && [...own]
  }

  /** For a session. */
  of(userId: UserId): { servers: readonly string[]; prefer?: string } {
    const own = this.#own.get(userId)
    if (own) return { servers: own }
    const { servers: given } = this.#options
    const chosen = this.#chosen !== undefined && this.#known.has(this.#chosen) ? this.#chosen : undefined
    // Who gave one address is taken there, however near others are: unless another one was chosen.
    const servers = chosen === undefined ? given : [...new Set([chosen, ...given])]
    const prefer = chosen ?? this.#nearest
    return { servers, ...(prefer === undefined ? {} : { prefer }) }
  }

  /** In which order they are asked. */
  order(userId: UserId): readonly string[] {
    const { servers, prefer } = this.of(userId)
    return prefer === undefined ? servers : [...new Set([prefer, ...servers])]
  }
}
