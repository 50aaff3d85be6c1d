import { createHash } from 'node:crypto'
import type { DeviceDocument } from '../../schema/documents.ts'
import { audienceText, type Base64Url32, type DeviceId, type UserId } from '../../schema/ids.ts'
import type { Limits } from '../config/limits.ts'
import type { Store } from '../port/store.ts'

const MAX_USERS = 50_000

/** The name of a set of devices (PROTOCOL.md, "A message"). */
export function audienceOf(deviceIds: Iterable<DeviceId>): Base64Url32 {
  return createHash('sha256').update(audienceText(deviceIds)).digest('base64url')
}

type ActiveDevice = Pick<DeviceDocument, '_id' | 'userId' | 'prekeyExpiresAt'>

interface Known {
  devices: readonly DeviceId[]
  /** When the first of their signed prekeys ends, by the database's time, ms: who has which devices is asked again then. */
  until: number
}

export interface DeviceSetsOptions {
  store: Pick<Store, 'accounts'>
  /** The database's time, ms. */
  now: () => number
  limits: Pick<Limits, 'clockToleranceMs'>
}

/** Which active devices a person has, remembered until the change stream or the end of a prekey says otherwise. */
export class DeviceSets {
  readonly #options: DeviceSetsOptions
  readonly #known = new Map<UserId, Known>()
  /** Grows with every change that was told: what was read before is not remembered after. */
  #version = 0

  constructor(options: DeviceSetsOptions) {
    this.#options = options
  }

  /** Prekeys that end before this have ended: a little early, for clients whose clocks are ahead. */
  at(): Date {
    const { now, limits } = this.#options
    return new Date(now() + limits.clockToleranceMs)
  }

  /** Whether messages can be encrypted for a device. */
  isActive({ revokedAt, prekeyExpiresAt }: Pick<DeviceDocument, 'revokedAt' | 'prekeyExpiresAt'>): boolean {
    return revokedAt === undefined && prekeyExpiresAt > this.at()
  }

  /** What is remembered of all these people; undefined unless it is of every one. */
  remembered(userIds: readonly UserId[]): DeviceId[] | undefined {
    const at = this.at().getTime()
    const all: DeviceId[] = []
    for (const userId of userIds) {
      const known = this.#known.get(userId)
      if (!known || known.until <= at) return undefined
      all.push(...known.devices)
    }
    return all
  }

  /** The active devices of these people; only those of whom nothing is remembered are asked of the database. */
  async get(userIds: readonly UserId[]): Promise<DeviceId[]> {
    const all: DeviceId[] = []
    const unknown: UserId[] = []
    for (const userId of userIds) {
      const devices = this.remembered([userId])
      if (devices) all.push(...devices)
      else unknown.push(userId)
    }
    if (unknown.length > 0) all.push(...[...(await this.read(unknown)).values()].flat())
    return all
  }

  /** The active devices of these people, asked of the database. */
  async read(userIds: readonly UserId[]): Promise<Map<UserId, DeviceId[]>> {
    const version = this.#version
    const byUser = new Map<UserId, ActiveDevice[]>(userIds.map(userId => [userId, []]))
    const found = await this.#options.store.accounts.activeDeviceIds(userIds, { at: this.at() })
    for (const device of found) byUser.get(device.userId)?.push(device)
    if (version === this.#version) {
      for (const [userId, devices] of byUser) {
        // A stranger who signs up later must not be taken for somebody without devices.
        if (devices.length > 0) this.#remember(userId, devices)
      }
    }
    return new Map([...byUser].map(([userId, devices]) => [userId, devices.map(({ _id }) => _id)]))
  }

  forget(userId: UserId): void {
    this.#version += 1
    this.#known.delete(userId)
  }

  forgetAll(): void {
    this.#version += 1
    this.#known.clear()
  }

  #remember(userId: UserId, devices: readonly ActiveDevice[]): void {
    this.#known.delete(userId)
    this.#known.set(userId, {
      devices: devices.map(({ _id }) => _id),
      until: Math.min(...devices.map(({ prekeyExpiresAt }) => prekeyExpiresAt.getTime())),
    })
    if (this.#known.size <= MAX_USERS) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}
