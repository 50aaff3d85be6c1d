import type { PresenceDocument, UndeliveredDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { DeviceId, MessageId, UserId } from '../../schema/ids.ts'
import type { ServerKey } from '../auth/server-key.ts'
import type { Caller } from '../auth/tokens.ts'
import type { Limits } from '../config/limits.ts'
import { Batcher } from '../core/batcher.ts'
import type { Groups } from '../groups/groups.ts'
import type { Clock } from '../port/clock.ts'
import type { FeedHandlers, RosterChange } from '../port/feed.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { Metrics } from '../port/metrics.ts'
import type { Store } from '../port/store.ts'
import type { Wire } from '../port/wire.ts'
import { Acker } from './acker.ts'
import { Connection } from './connection.ts'
import { audienceOf, DeviceSets } from './device-sets.ts'
import { Outgoing } from './outgoing.ts'
import { Presence } from './presence.ts'

export interface HubOptions {
  key: ServerKey
  store: Store
  groups: Groups
  clock: Clock
  /** The database's time, ms. */
  now: () => number
  dead: () => ReadonlySet<string>
  log: Log
  metrics: Metrics
  limits: Limits
}

/** Of a large group each may be of half a megabyte. */
const MAX_ROUTED_PER_READ = 50
/** A group that could not be read is read again after this, so often. */
const RETRY_MS = 1_000
const MAX_ATTEMPTS = 30

/** All devices that are connected to this server, and what has to reach them. */
export class Hub {
  readonly devices: DeviceSets
  readonly outgoing: Outgoing
  readonly acker: Acker
  readonly presence: Presence
  readonly #options: HubOptions
  readonly #connections = new Map<DeviceId, Connection>()
  readonly #watchers = new Map<UserId, Set<Connection>>()
  /** Messages that were routed here after they were stored. */
  readonly #routed: Batcher<MessageId, undefined>
  readonly #leaving = new Set<Promise<void>>()
  #lastSince = 0

  constructor(options: HubOptions) {
    this.#options = options
    const { store, log, dead, clock, metrics } = options
    this.devices = new DeviceSets(options)
    this.presence = new Presence({ ...options, store: store.presence })
    this.acker = new Acker({ messages: store.messages, clock, metrics })
    this.outgoing = new Outgoing({
      ...{ store, log, dead, clock, metrics },
      deliver: message => this.#deliver(message),
    })
    this.#routed = new Batcher({
      maxItems: MAX_ROUTED_PER_READ,
      flush: async ids => {
        for (const message of await store.messages.find(ids)) this.#deliver(message)
        return ids.map(() => undefined)
      },
    })
  }

  get size(): number {
    return this.#connections.size
  }

  /** Messages that were written to sockets here and are not acked. */
  get unacked(): number {
    return this.connections().reduce((sum, { unacked }) => sum + unacked, 0)
  }

  /** The connections of now; they may close while they are gone through. */
  connections(): Connection[] {
    return [...this.#connections.values()]
  }

  /**
   * Takes a device in: writes where it is, welcomes it, gives it what waits. A socket that it had here before is closed.
   *
   * @throws FastChatError `unavailable` when the database cannot be told
   */
  enter(wire: Wire, caller: Caller): { connection: Connection; ready: Promise<void> } {
    const { key, now, store, clock, log, limits, metrics } = this.#options
    const presence: PresenceDocument = {
      _id: caller.deviceId,
      userId: caller.userId,
      serverId: key.serverId,
      since: this.#since(),
    }
    const connection = new Connection({
      ...{ wire, caller, presence, clock, now, log, limits, metrics },
      messages: store.messages,
      acker: this.acker,
    })
    this.#connections.get(caller.deviceId)?.close('replaced')
    this.#connections.set(caller.deviceId, connection)
    connection.expireAt(caller.expiresAt)
    return { connection, ready: this.#welcome(connection) }
  }

  /** The device's socket is gone. */
  leave(connection: Connection): void {
    connection.ended()
    this.watch(connection, [])
    this.presence.leave(connection)
    if (this.#connections.get(connection.caller.deviceId) === connection) {
      this.#connections.delete(connection.caller.deviceId)
    }
    const leaving = this.#options.store.presence
      .remove(connection.presence)
      .catch(error => this.#options.log.warn(errorFields(error), 'Cannot remove presence'))
      .finally(() => this.#leaving.delete(leaving))
    this.#leaving.add(leaving)
  }

  /** Replaces the people that a connection wants to hear of. */
  watch(connection: Connection, users: readonly UserId[]): void {
    for (const user of connection.watched) {
      const watchers = this.#watchers.get(user)
      watchers?.delete(connection)
      if (watchers?.size === 0) this.#watchers.delete(user)
    }
    connection.watched = new Set(users)
    for (const user of connection.watched) {
      const watchers = this.#watchers.get(user)
      if (watchers) watchers.add(connection)
      else this.#watchers.set(user, new Set([connection]))
    }
  }

  async isUser(userId: UserId): Promise<boolean> {
    return (await this.#options.store.accounts.findUser(userId)) !== null
  }

  /** What the database tells. */
  feedHandlers(onHeartbeat: FeedHandlers['onHeartbeat']): FeedHandlers {
    return {
      onHeartbeat,
      onMessage: message => this.#deliver(message),
      onRoute: id => {
        this.#routed.add(id).catch(error => {
          this.#options.log.warn(errorFields(error), 'Cannot read a message that was routed here')
        })
      },
      onDevice: change => {
        this.#deviceChanged(change).catch(error => {
          this.#options.log.warn(errorFields(error), 'Cannot read a device that has changed')
          // Not to know is to ask again.
          this.devices.forgetAll()
        })
      },
      onRosterEvent: change => this.#rosterChanged(change),
      onPrekeys: ({ deviceId, left }) => this.#connections.get(deviceId)?.send({ t: 'prekeys', left }),
      onPresence: change => this.presence.changed(change),
      onReset: () => this.resync(),
    }
  }

  /** Events were missed: everything that was learned from them is read again. */
  resync(): void {
    this.devices.forgetAll()
    for (const connection of this.connections()) connection.drainAgain()
    this.presence.resync(this.connections())
    this.#tellGroups().catch(error => {
      this.#options.log.warn(errorFields(error), 'Cannot tell of groups again')
    })
    this.#checkRevoked().catch(error => {
      this.#options.log.warn(errorFields(error), 'Cannot check devices for having been revoked')
    })
  }

  /** Others may have removed the presence of this server: writes it again. */
  async reassert(): Promise<void> {
    for (const connection of this.connections()) {
      if (!connection.isClosed) await this.#options.store.presence.set(connection.presence)
    }
    this.resync()
  }

  /** Resolves when everything that was accepted is in the database. */
  async idle(): Promise<void> {
    await this.outgoing.idle()
    await this.acker.idle()
    await Promise.all(this.#leaving)
  }

  /** Never the same twice: it tells two connections of one device apart. */
  #since(): Date {
    this.#lastSince = Math.max(Math.round(this.#options.now()), this.#lastSince + 1)
    return new Date(this.#lastSince)
  }

  async #welcome(connection: Connection): Promise<void> {
    const { store, key, now } = this.#options
    const [prekeysLeft, groups, device] = await Promise.all([
      store.prekeys.count(connection.caller.deviceId),
      this.#options.groups.headsOf(connection.caller.userId),
      // Revoked since it showed its token: that was told before this connection could hear it.
      store.accounts.findDevice(connection.caller.deviceId),
      store.presence.set(connection.presence),
    ])
    if (device?.revokedAt) connection.close('deviceRevoked')
    if (connection.isClosed) {
      // The removal may have come before the write.
      await store.presence.remove(connection.presence)
      throw new FastChatError('unavailable', 'Cannot welcome device: its socket has closed')
    }
    connection.send({
      t: 'welcome',
      server: key.serverId,
      device: connection.caller.deviceId,
      now: Math.round(now()),
      prekeysLeft,
    })
    connection.send({ t: 'groups', groups })
    connection.begin()
  }

  #deliver(message: UndeliveredDocument): void {
    if (message.kind === 'transient' && message.expiresAt.getTime() <= this.#options.now()) return
    for (const deviceId of message.pending) this.#connections.get(deviceId)?.offer(message)
  }

  async #deviceChanged({ deviceId, userId }: { deviceId: DeviceId; userId?: UserId }): Promise<void> {
    const device = await this.#options.store.accounts.findDevice(deviceId)
    const connection = this.#connections.get(deviceId)
    if (connection && (!device || device.revokedAt)) connection.close('deviceRevoked')
    const owner = userId ?? device?.userId ?? connection?.caller.userId
    // A device that was deleted by hand: whose it was is not known here.
    if (owner === undefined) return this.devices.forgetAll()
    this.devices.forget(owner)
    const watchers = this.#watchers.get(owner)
    if (!watchers) return
    const found = await this.devices.read([owner])
    const audience = audienceOf(found.get(owner) ?? [])
    for (const watcher of watchers) watcher.send({ t: 'devices', user: owner, audience })
  }

  #rosterChanged(change: RosterChange, attempt = 1): void {
    this.#tellOfRoster(change).catch(error => {
      const { clock, log } = this.#options
      log.warn(errorFields(error), 'Cannot read a group that has changed')
      // When the database is away for longer, everything is read again.
      if (attempt < MAX_ATTEMPTS) clock.after(RETRY_MS, () => this.#rosterChanged(change, attempt + 1))
    })
  }

  /** Members hear of a roster, and those whom it is about also when they are none any more. */
  async #tellOfRoster({ group, epoch, hash: head, subjects }: RosterChange): Promise<void> {
    // First the group, then who is connected: a device that connects meanwhile reads it, or is there by then.
    const now = await this.#options.groups.now(group)
    const concerned = new Set([...subjects, ...(now?.memberIds ?? [])])
    for (const connection of this.connections()) {
      if (concerned.has(connection.caller.userId)) connection.sendLater({ t: 'group', group, epoch, head })
    }
  }

  async #tellGroups(): Promise<void> {
    const byUser = new Map<UserId, Connection[]>()
    for (const connection of this.connections()) {
      const { userId } = connection.caller
      byUser.set(userId, [...(byUser.get(userId) ?? []), connection])
    }
    for (const [userId, connections] of byUser) {
      const groups = await this.#options.groups.headsOf(userId)
      for (const connection of connections) connection.sendLater({ t: 'groups', groups })
    }
  }

  async #checkRevoked(): Promise<void> {
    const ids = this.connections().map(({ caller }) => caller.deviceId)
    if (ids.length === 0) return
    for (const device of await this.#options.store.accounts.findDevices(ids)) {
      if (device.revokedAt) this.#connections.get(device._id)?.close('deviceRevoked')
    }
  }
}
