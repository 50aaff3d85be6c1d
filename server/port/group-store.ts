import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import type { Base64Url32, GroupId, UserId } from '../../schema/ids.ts'

/** How far a group has come. `head` is the hash of its last event. */
export interface GroupHead {
  group: GroupId
  epoch: number
  head: Base64Url32
}

/**
 * Groups. The events are the truth; the documents that follow from them tell who is in which group at one look, and are
 * behind for as long as it takes to write them.
 */
export interface GroupStore {
  /** Stores an event: `stored` also when it is there already, `taken` when its epoch is that of another one. */
  append(event: RosterEventDocument): Promise<'stored' | 'taken'>
  findEvent(hash: Base64Url32): Promise<RosterEventDocument | null>
  /** How far a group has come by its events; null when there is none. */
  lastEvent(group: GroupId): Promise<GroupHead | null>
  /** The last event that was about somebody: it says whether they are in the group, or were; null when they never were. */
  lastAbout(group: GroupId, userId: UserId): Promise<Pick<RosterEventDocument, 'epoch' | 'op'> | null>
  /** Events in their order, from epoch `from` up to `to` (default: the last), at most `limit`. */
  events(
    group: GroupId,
    options: { from: number; to?: number; limit: number },
  ): Promise<RosterEventDocument[]>
  find(group: GroupId): Promise<GroupDocument | null>
  /** Writes a group as it follows from its events, unless what is written is as far or farther. */
  bringUp(group: GroupDocument): Promise<void>
  /** The groups that somebody is in, by their ids. */
  ofUser(userId: UserId, options: { limit: number }): Promise<GroupHead[]>
  /** Which of these groups have come farther, by their events. */
  behind(heads: readonly GroupHead[]): Promise<GroupId[]>
  /** In how many groups somebody is. */
  countOf(userId: UserId): Promise<number>
}
