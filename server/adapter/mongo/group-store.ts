import type { GroupId } from '../../../schema/ids.ts'
import type { GroupStore } from '../../port/group-store.ts'
import type { Collections } from './collections.ts'
import { guarded, inserted, isMongoCode, mongoCodes } from './errors.ts'

const GROUPS_PER_QUESTION = 200

export function createGroupStore({ groups, rosterEvents }: Collections): GroupStore {
  return {
    append: event =>
      guarded(async () => {
        // Of two events of one epoch the unique index lets the first in.
        if (await inserted(rosterEvents.insertOne(event))) return 'stored'
        return (await rosterEvents.findOne({ _id: event._id }, { projection: { _id: 1 } }))
          ? 'stored'
          : 'taken'
      }),
    findEvent: hash => guarded(() => rosterEvents.findOne({ _id: hash })),
    lastEvent: group =>
      guarded(async () => {
        const last = await rosterEvents.findOne({ group }, { sort: { epoch: -1 }, projection: { epoch: 1 } })
        return last && { group, epoch: last.epoch, head: last._id }
      }),
    lastAbout: (group, userId) =>
      guarded(async () => {
        const last = await rosterEvents.findOne(
          { group, subjects: userId },
          { sort: { epoch: -1 }, projection: { _id: 0, epoch: 1, op: 1 } },
        )
        return last && { epoch: last.epoch, op: last.op }
      }),
    events: (group, { from, to, limit }) =>
      guarded(() =>
        rosterEvents
          .find({ group, epoch: { $gte: from, ...(to === undefined ? {} : { $lte: to }) } })
          .sort({ epoch: 1 })
          .limit(limit)
          .toArray(),
      ),
    find: group => guarded(() => groups.findOne({ _id: group })),
    bringUp: ({ _id, createdAt, ...changing }) =>
      guarded(async () => {
        try {
          await groups.updateOne(
            { _id, epoch: { $lt: changing.epoch } },
            { $set: changing, $setOnInsert: { createdAt } },
            { upsert: true },
          )
        } catch (error) {
          // It is there, and as far or farther.
          if (!isMongoCode(error, mongoCodes.duplicateKey)) throw error
        }
      }),
    ofUser: (userId, { limit }) =>
      guarded(async () => {
        const found = await groups
          .find({ memberIds: userId }, { projection: { epoch: 1, head: 1 } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray()
        return found.map(({ _id: group, epoch, head }) => ({ group, epoch, head }))
      }),
    behind: heads =>
      guarded(async () => {
        const found: GroupId[] = []
        for (let from = 0; from < heads.length; from += GROUPS_PER_QUESTION) {
          const asked = heads.slice(from, from + GROUPS_PER_QUESTION)
          const events = await rosterEvents
            .find(
              { $or: asked.map(({ group, epoch }) => ({ group, epoch: epoch + 1 })) },
              { projection: { group: 1 } },
            )
            .toArray()
          found.push(...events.map(({ group }) => group))
        }
        return found
      }),
    countOf: userId => guarded(() => groups.countDocuments({ memberIds: userId })),
  }
}
