import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import type { GroupId, UserId } from '../../schema/ids.ts'
import type { Limits } from '../config/limits.ts'
import { rollForward } from '../core/roster.ts'
import type { GroupHead } from '../port/group-store.ts'
import type { Store } from '../port/store.ts'

const MAX_GROUPS = 1_000

export interface GroupsOptions {
  store: Pick<Store, 'groups'>
  limits: Pick<Limits, 'maxRosterEvents' | 'maxGroups'>
}

/**
 * Who is in which group. How far a group has come is asked of the database each time, so that nobody is taken for a member
 * a moment longer than they are; who is in it at that point follows from the hash and is remembered.
 */
export class Groups {
  readonly #options: GroupsOptions
  readonly #known = new Map<GroupId, GroupDocument>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** A group as it is now; null when there is none. @throws FastChatError `unavailable` */
  async now(groupId: GroupId): Promise<GroupDocument | null> {
    const last = await this.#options.store.groups.lastEvent(groupId)
    if (!last) return null
    const known = this.#known.get(groupId)
    return known?.head === last.head ? known : await this.#read(groupId)
  }

  /**
   * Makes an event the next one of its group.
   *
   * @returns false when another event was first; true also when this very event is there already
   */
  async append(event: RosterEventDocument, after: GroupDocument): Promise<boolean> {
    const { groups } = this.#options.store
    // The event first: it alone decides. Whoever finds the group behind its events brings it up to them.
    if ((await groups.append(event)) === 'taken') return false
    await groups.bringUp(after)
    return true
  }

  /** The groups that somebody is in, as far as a frame has room for them. */
  async of(userId: UserId): Promise<GroupHead[]> {
    const { store, limits } = this.#options
    return await store.groups.ofUser(userId, { limit: limits.maxGroups })
  }

  async #read(groupId: GroupId): Promise<GroupDocument | null> {
    const { store, limits } = this.#options
    let group = await store.groups.find(groupId)
    for (;;) {
      const from = (group?.epoch ?? -1) + 1
      const events = await store.groups.events(groupId, { from, limit: limits.maxRosterEvents })
      if (events.length === 0) break
      // A server was killed between the two writes, or is between them now.
      group = rollForward(group, events)
      if (group) await store.groups.bringUp(group)
    }
    if (group) this.#remember(group)
    return group
  }

  #remember(group: GroupDocument): void {
    this.#known.delete(group._id)
    this.#known.set(group._id, group)
    if (this.#known.size <= MAX_GROUPS) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}
