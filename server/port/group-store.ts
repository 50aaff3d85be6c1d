import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import type { GroupId, UserId } from '../../schema/ids.ts'

/** What the server needs of a group to tell somebody of it. */
export type GroupHead = Pick<GroupDocument, '_id' | 'epoch' | 'head'>

/** Groups, and the signed events that they follow from. As all of the store: see store.ts for what is thrown. */
export interface GroupStore {
  /** Stores an event. `taken`: there is another one of that epoch; the very same again is `added`. */
  append(event: RosterEventDocument): Promise<'added' | 'taken'>
  /** Events in their order, from an epoch on. */
  events(group: GroupId, range: { from: number; limit: number }): Promise<RosterEventDocument[]>
  /** The last event. */
  lastEvent(group: GroupId): Promise<RosterEventDocument | null>
  /** The last event that is about somebody. */
  lastEventAbout(group: GroupId, userId: UserId): Promise<RosterEventDocument | null>
  /** Brings a group up to a later epoch; one that is there already, or has passed it, stays. */
  bringUp(group: GroupDocument): Promise<void>
  find(group: GroupId): Promise<GroupDocument | null>
  /** The groups that somebody is in. */
  headsOf(userId: UserId, options: { limit: number }): Promise<GroupHead[]>
  /** How many groups each of these people is in, counted up to `limit`. */
  countsOf(userIds: readonly UserId[], options: { limit: number }): Promise<Map<UserId, number>>
}
