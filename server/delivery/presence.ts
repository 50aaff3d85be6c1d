import type { PresenceDocument } from '../../schema/documents.ts'
import type { DeviceId, ServerId, UserId } from '../../schema/ids.ts'
import type { Limits } from '../config/limits.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { PresenceStore } from '../port/store.ts'
import type { Connection } from './connection.ts'

export interface PresenceOptions {
  store: Pick<PresenceStore, 'share' | 'sharing'>
  clock: Clock
  log: Log
  limits: Pick<Limits, 'presenceGraceMs'>
  /** Servers whose devices are connected no more. */
  dead: () => ReadonlySet<ServerId>
}

/** What a connection knows of one person who shows themselves to it. */
interface View {
  /** Their devices that do, and the servers that these are connected to. */
  devices: Map<DeviceId, ServerId>
  isToldOnline: boolean
  cancel?: () => void
}

/** What failed is tried again after this. */
const RETRY_MS = 1_000

/** A read that is under way: what the change stream has told meanwhile is newer. */
interface Reading {
  touched: Set<DeviceId>
}

/**
 * Who is told that somebody is connected: only those whom a device shows it to, and who show it back. Each server keeps no
 * more than what its own connections see; the database tells of the rest: a read for each list that comes, then the change
 * stream. A device whose server has let its lease run out is connected no more.
 */
export class Presence {
  readonly #options: PresenceOptions
  /** The connections here that show themselves to somebody, and so want to know of them. */
  readonly #sharing = new Map<UserId, Set<Connection>>()
  readonly #views = new Map<Connection, Map<UserId, View>>()
  /** Whose a device is that is in any view: of one that is gone the change stream tells only the id. */
  readonly #owners = new Map<DeviceId, UserId>()
  readonly #readings = new Set<Reading>()
  #dead: ReadonlySet<ServerId> = new Set()

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Replaces the people to whom a connection shows itself, and tells it of those who show themselves back. */
  async share(connection: Connection, users: readonly UserId[]): Promise<void> {
    const { userId } = connection.caller
    const shared = new Set(users.filter(user => user !== userId))
    if (shared.size === 0 && connection.shared.size === 0) return
    // First listen, then show, then read: of two who begin at once one of them is told by the read, the other one by the
    // change stream.
    this.#listen(connection, shared)
    connection.presence = { ...connection.presence, shares: [...shared] }
    await this.#write(connection)
  }

  /** The connection is gone. */
  leave(connection: Connection): void {
    this.#listen(connection, new Set())
  }

  /** What the change stream tells of a device. */
  changed({ deviceId, now }: { deviceId: DeviceId; now?: PresenceDocument }): void {
    for (const { touched } of this.#readings) touched.add(deviceId)
    const owner = now?.userId ?? this.#owners.get(deviceId)
    if (owner === undefined) return
    const shares = new Set(now?.shares)
    let isSeen = false
    for (const connection of this.#sharing.get(owner) ?? []) {
      const sees = now !== undefined && shares.has(connection.caller.userId)
      isSeen ||= sees
      if (sees) this.#see(connection, now)
      else this.#lose(connection, { owner, deviceId })
    }
    if (isSeen) this.#owners.set(deviceId, owner)
    else this.#owners.delete(deviceId)
  }

  /** Servers may have died, or have come back. */
  serversRead(): void {
    const before = this.#dead
    const dead = this.#options.dead()
    this.#dead = dead
    if (before.size === dead.size && [...dead].every(id => before.has(id))) return
    for (const [connection, views] of this.#views) {
      for (const user of views.keys()) this.#tell(connection, user)
    }
  }

  /** Changes were missed: what these connections see is read again. */
  resync(connections: readonly Connection[]): void {
    for (const connection of connections) void this.#read(connection)
  }

  #listen(connection: Connection, shared: ReadonlySet<UserId>): void {
    for (const user of connection.shared) {
      if (shared.has(user)) continue
      const sharing = this.#sharing.get(user)
      sharing?.delete(connection)
      if (sharing?.size === 0) this.#sharing.delete(user)
      this.#forget(connection, user)
    }
    for (const user of shared) {
      const sharing = this.#sharing.get(user)
      if (sharing) sharing.add(connection)
      else this.#sharing.set(user, new Set([connection]))
    }
    connection.shared = shared
  }

  /** Nothing is told of it: whoever is not in the list counts as not connected. */
  #forget(connection: Connection, user: UserId): void {
    const views = this.#views.get(connection)
    const view = views?.get(user)
    if (!views || !view) return
    view.cancel?.()
    views.delete(user)
    if (views.size === 0) this.#views.delete(connection)
    if (this.#sharing.has(user)) return
    for (const deviceId of view.devices.keys()) this.#owners.delete(deviceId)
  }

  async #write(connection: Connection): Promise<void> {
    const { store, log } = this.#options
    const { shared } = connection
    try {
      await store.share(connection.presence)
    } catch (error) {
      log.warn(errorFields(error), 'Cannot write to whom a device shows itself')
      return this.#retry(connection, { shared, work: () => this.#write(connection) })
    }
    await this.#read(connection)
  }

  /** Again, unless another list comes or the connection goes. */
  #retry(
    connection: Connection,
    { shared, work }: { shared: ReadonlySet<UserId>; work: () => Promise<void> },
  ): void {
    this.#options.clock.after(RETRY_MS, () => {
      if (connection.shared === shared && !connection.isClosed) void work()
    })
  }

  async #read(connection: Connection): Promise<void> {
    const { shared, caller } = connection
    if (shared.size === 0) return
    const { store, log } = this.#options
    const reading: Reading = { touched: new Set() }
    this.#readings.add(reading)
    try {
      const showing = await store.sharing([...shared], { userId: caller.userId })
      // Another list came meanwhile, or the connection has gone.
      if (connection.shared !== shared) return
      const found = new Set(showing.map(({ _id }) => _id))
      for (const [owner, { devices }] of this.#views.get(connection) ?? []) {
        for (const deviceId of devices.keys()) {
          if (found.has(deviceId) || reading.touched.has(deviceId)) continue
          this.#lose(connection, { owner, deviceId })
        }
      }
      for (const device of showing) {
        if (reading.touched.has(device._id)) continue
        this.#owners.set(device._id, device.userId)
        this.#see(connection, device)
      }
    } catch (error) {
      log.warn(errorFields(error), 'Cannot read who is connected')
      this.#retry(connection, { shared, work: () => this.#read(connection) })
    } finally {
      this.#readings.delete(reading)
    }
  }

  #see(
    connection: Connection,
    { _id, userId, serverId }: Pick<PresenceDocument, '_id' | 'userId' | 'serverId'>,
  ): void {
    const views = this.#views.get(connection) ?? new Map<UserId, View>()
    const view = views.get(userId) ?? { devices: new Map(), isToldOnline: false }
    view.devices.set(_id, serverId)
    views.set(userId, view)
    this.#views.set(connection, views)
    this.#tell(connection, userId)
  }

  #lose(connection: Connection, { owner, deviceId }: { owner: UserId; deviceId: DeviceId }): void {
    const view = this.#views.get(connection)?.get(owner)
    if (view?.devices.delete(deviceId)) this.#tell(connection, owner)
  }

  /** Tells at once that somebody is there, and after a while that they are gone. */
  #tell(connection: Connection, user: UserId): void {
    const view = this.#views.get(connection)?.get(user)
    if (!view) return
    const isOnline = this.#isOnline(view)
    if (isOnline === view.isToldOnline) {
      view.cancel?.()
      delete view.cancel
      if (view.devices.size === 0) this.#forget(connection, user)
    } else if (isOnline) {
      view.isToldOnline = true
      connection.sendLater({ t: 'presence', user, online: true })
    } else {
      view.cancel ??= this.#options.clock.after(this.#options.limits.presenceGraceMs, () => {
        delete view.cancel
        view.isToldOnline = false
        connection.sendLater({ t: 'presence', user, online: false })
        // Devices of a server that has died may be there again, when it only was slow.
        if (view.devices.size === 0) this.#forget(connection, user)
      })
    }
  }

  #isOnline({ devices }: View): boolean {
    return [...devices.values()].some(serverId => !this.#dead.has(serverId))
  }
}
