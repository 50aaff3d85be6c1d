import type { GroupStore } from '../../port/group-store.ts'
import type { Collections } from './collections.ts'
import { guarded, isMongoCode, mongoCodes } from './errors.ts'

export function createGroupStore({ groups, rosterEvents }: Collections): GroupStore {
  return {
    append: event =>
      guarded(async () => {
        try {
          await rosterEvents.insertOne(event)
          return 'added'
        } catch (error) {
          if (!isMongoCode(error, mongoCodes.duplicateKey)) throw error
          // A retry whose answer was lost has the very same hash; anything else of that epoch was first.
          const same = await rosterEvents.findOne({ _id: event._id }, { projection: { _id: 1 } })
          return same ? 'added' : 'taken'
        }
      }),
    events: (group, { from, limit }) =>
      guarded(() =>
        rosterEvents
          .find({ group, epoch: { $gte: from } })
          .sort({ epoch: 1 })
          .limit(limit)
          .toArray(),
      ),
    lastEvent: group => guarded(() => rosterEvents.findOne({ group }, { sort: { epoch: -1 } })),
    lastEventAbout: (group, userId) =>
      guarded(() => rosterEvents.findOne({ group, subjects: userId }, { sort: { epoch: -1 } })),
    bringUp: ({ _id, createdAt, ...fields }) =>
      guarded(async () => {
        const { matchedCount } = await groups.updateOne(
          { _id, epoch: { $lt: fields.epoch } },
          { $set: fields },
        )
        if (matchedCount > 0) return
        try {
          await groups.insertOne({ _id, ...fields, createdAt })
        } catch (error) {
          // It is there, and as far or further.
          if (!isMongoCode(error, mongoCodes.duplicateKey)) throw error
        }
      }),
    find: group => guarded(() => groups.findOne({ _id: group })),
    headsOf: (userId, { limit }) =>
      guarded(() =>
        groups
          .find({ memberIds: userId }, { projection: { _id: 1, epoch: 1, head: 1 } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      ),
    countsOf: (userIds, { limit }) =>
      guarded(async () => {
        const counts = await Promise.all(
          userIds.map(
            async userId => [userId, await groups.countDocuments({ memberIds: userId }, { limit })] as const,
          ),
        )
        return new Map(counts)
      }),
  }
}
