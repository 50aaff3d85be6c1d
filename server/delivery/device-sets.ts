import { createHash } from 'node:crypto'
import { audienceText, type Base64Url32, type DeviceId, type UserId } from '../../schema/ids.ts'
import type { Store } from '../port/store.ts'

const MAX_USERS = 50_000

/** The name of a set of devices (PROTOCOL.md, "A message"). */
export function audienceOf(deviceIds: Iterable<DeviceId>): Base64Url32 {
  return createHash('sha256').update(audienceText(deviceIds)).digest('base64url')
}

/** Which devices a person has, remembered until the change stream says otherwise. */
export class DeviceSets {
  readonly #store: Pick<Store, 'accounts'>
  readonly #known = new Map<UserId, readonly DeviceId[]>()
  /** Grows with every change that was told: what was read before is not remembered after. */
  #version = 0

  constructor({ store }: { store: Pick<Store, 'accounts'> }) {
    this.#store = store
  }

  /** What is remembered of all these people; undefined unless it is of every one. */
  remembered(userIds: readonly UserId[]): DeviceId[] | undefined {
    const all: DeviceId[] = []
    for (const userId of userIds) {
      const known = this.#known.get(userId)
      if (!known) return undefined
      all.push(...known)
    }
    return all
  }

  /** The devices of these people, asked of the database. */
  async read(userIds: readonly UserId[]): Promise<Map<UserId, DeviceId[]>> {
    const version = this.#version
    const byUser = new Map<UserId, DeviceId[]>(userIds.map(userId => [userId, []]))
    for (const device of await this.#store.accounts.activeDevices(userIds))
      byUser.get(device.userId)?.push(device._id)
    if (version !== this.#version) return byUser
    for (const [userId, devices] of byUser) {
      // A stranger who signs up later must not be taken for somebody without devices.
      if (devices.length > 0) this.#remember(userId, devices)
    }
    return byUser
  }

  forget(userId: UserId): void {
    this.#version += 1
    this.#known.delete(userId)
  }

  forgetAll(): void {
    this.#version += 1
    this.#known.clear()
  }

  #remember(userId: UserId, devices: readonly DeviceId[]): void {
    this.#known.delete(userId)
    this.#known.set(userId, devices)
    if (this.#known.size <= MAX_USERS) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}
