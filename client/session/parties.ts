import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, Recipient, UserId } from '../../schema/ids.ts'
import type { Destination } from '../../schema/jose.ts'
import { groupRoster } from '../crypto/roster.ts'
import type { Roster } from '../crypto/types.ts'
import { audienceOf } from './audience.ts'
import type { Cipher } from './cipher.ts'
import type { Groups } from './groups.ts'
import { keyChanged, type People } from './people.ts'
import type { GroupRecord, Identity, KnownDevice, Person } from './records.ts'

/** Whom a chain is for, as this device knows it now: one person, or a group. */
export interface Party {
  to: Recipient
  destination: Destination
  roster: Roster
  /** All devices that a message is encrypted for, without this one; undefined until all of them were asked for. */
  devices: readonly KnownDevice[] | undefined
}

export interface PartiesOptions {
  identity: Identity
  people: People
  groups: Groups
  cipher: Cipher
}

/** Finds out whom a message is for: one mechanism for two people and for groups. */
export class Parties {
  readonly #options: PartiesOptions

  constructor(options: PartiesOptions) {
    this.#options = options
  }

  /**
   * Whom a chain is for, asked for as far as it is not known, or anew.
   *
   * @throws FastChatError `unknown_user`, `unknown_group`, `not_a_member`, `roster_forked`; `account_key_changed`,
   *   `bad_certificate` when the server is not to be trusted; `no_server` and what the server says
   */
  async find(to: Recipient, { isStale }: { isStale: boolean }): Promise<Party> {
    return 'user' in to ? await this.#findPerson(to.user, isStale) : await this.#findGroup(to.group, isStale)
  }

  /** Whether somebody's devices matter to a message for `to`. */
  concerns(to: Recipient, userId: UserId): boolean {
    if (userId === this.#options.identity.userId) return true
    if ('user' in to) return to.user === userId
    const record = this.#options.groups.get(to.group)
    return record !== undefined && Object.hasOwn(record.state.members, userId)
  }

  /** Whom a chain is for, as far as it is known without asking; undefined when nothing can be sent to them as it is. */
  known(to: Recipient): Party | undefined {
    const { people, groups } = this.#options
    if ('user' in to) {
      const person = people.get(to.user)
      return person && person.changedTo === undefined && !person.isBlocked ? this.#direct(person) : undefined
    }
    const record = groups.get(to.group)
    try {
      return record && this.#group(record)
    } catch {
      return undefined
    }
  }

  async #findPerson(userId: UserId, isStale: boolean): Promise<Party> {
    const { people, identity } = this.#options
    if (isStale || people.get(userId)?.changedTo !== undefined) {
      await people.refresh(identity.userId)
      if (userId !== identity.userId) await people.refresh(userId)
    }
    if (!people.get(identity.userId)?.devices) await people.refresh(identity.userId)
    const known = await people.ensure(userId)
    const person = known.devices ? known : await people.refresh(userId)
    return this.#direct(person)
  }

  #direct(person: Person): Party {
    const { cipher, people } = this.#options
    const { userId, thumbprint } = person
    return {
      to: { user: userId },
      destination: { user: userId, key: thumbprint },
      roster: cipher.rosterWith(person),
      devices: people.devicesFor([userId]),
    }
  }

  async #findGroup(group: string, isStale: boolean): Promise<Party> {
    const { groups, people, identity } = this.#options
    const record = isStale
      ? await groups.catchUp(group)
      : (groups.get(group) ?? (await groups.catchUp(group)))
    groups.checkWritable(record)
    const members = Object.keys(record.state.members)
    const all = [...new Set([identity.userId, ...members])]
    const asked = isStale ? all : all.filter(userId => !people.get(userId)?.devices)
    if (asked.length > 0) await people.refreshMany(asked)
    return this.#group(record)
  }

  /** @throws FastChatError `not_a_member`, `roster_forked`, `account_key_changed` */
  #group(record: GroupRecord): Party {
    const { groups, people } = this.#options
    groups.checkWritable(record)
    const { conversation, state, group } = record
    const members = Object.keys(state.members)
    for (const userId of members) this.#checkKey(record, userId)
    return {
      to: { group },
      destination: { group },
      roster: groupRoster(state, { conv: conversation }),
      devices: people.devicesFor(members),
    }
  }

  /** The key that an admin vouched for must be the one that is pinned. */
  #checkKey({ state }: GroupRecord, userId: UserId): void {
    const person = this.#options.people.get(userId)
    if (person && person.thumbprint === state.members[userId]?.key && person.changedTo === undefined) return
    throw keyChanged(userId)
  }
}

/** The audience of a message to a party; undefined until its devices are known. */
export function audienceFor({ devices }: Pick<Party, 'devices'>): Base64Url32 | undefined {
  return devices && audienceOf(devices.map(({ deviceId }) => deviceId))
}

/** A party of which all devices are known. */
export function devicesOf({ devices }: Party): readonly KnownDevice[] {
  if (devices) return devices
  throw new FastChatError('stale_audience', 'Cannot make chain: not all devices are known any more')
}
