import type { UndeliveredDocument } from '../../../schema/documents.ts'
import type { MessageId } from '../../../schema/ids.ts'
import type { InsertResult, MessageStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded, isOnlyDuplicates, mongoCodes } from './errors.ts'

export function createMessageStore({ undelivered }: Collections): MessageStore {
  /** Stores what is not there yet; gives the ids that were. */
  async function insertNew(messages: readonly UndeliveredDocument[]): Promise<MessageId[]> {
    try {
      await undelivered.insertMany([...messages], { ordered: false })
      return []
    } catch (error) {
      if (!isOnlyDuplicates(error)) throw error
      return [error.writeErrors]
        .flat()
        .filter(({ code }) => code === mongoCodes.duplicateKey)
        .flatMap(({ index }) => messages[index]?._id ?? [])
    }
  }

  async function insert(messages: readonly UndeliveredDocument[]): Promise<InsertResult[]> {
    const duplicates = new Set(await insertNew(messages))
    if (duplicates.size === 0) return messages.map(() => 'stored')
    const found = await undelivered
      .find({ _id: { $in: [...duplicates] } }, { projection: { senderId: 1 } })
      .toArray()
    const senders = new Map(found.map(({ _id, senderId }) => [_id, senderId]))
    // Delivered and deleted between the two: whose it was is not known any more, so it is stored again. A recipient who
    // has had it drops it.
    const gone = messages.filter(({ _id }) => duplicates.has(_id) && !senders.has(_id))
    if (gone.length > 0) {
      await insertNew(gone)
      for (const { _id, senderId } of gone) senders.set(_id, senderId)
    }
    return messages.map(({ _id, senderId }) =>
      !duplicates.has(_id) || senders.get(_id) === senderId ? 'stored' : 'taken',
    )
  }

  return {
    insert: messages => guarded(async () => (messages.length === 0 ? [] : await insert(messages))),
    setRoutes: routes =>
      guarded(async () => {
        if (routes.length === 0) return
        await undelivered.bulkWrite(
          routes.map(({ id, route }) => ({
            updateOne: { filter: { _id: id }, update: { $set: { route: [...route] } } },
          })),
          { ordered: false, writeConcern: { w: 1 } },
        )
      }),
    estimate: () => guarded(() => undelivered.estimatedDocumentCount()),
    find: ids => guarded(() => undelivered.find({ _id: { $in: [...ids] } }).toArray()),
    pendingFor: (deviceId, { exclude, limit }) =>
      guarded(() =>
        undelivered
          .find(
            exclude.length > 0 ? { pending: deviceId, _id: { $nin: [...exclude] } } : { pending: deviceId },
          )
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      ),
    devicesWithPending: deviceIds =>
      guarded(async () => {
        const asked = new Set(deviceIds)
        const waiting = await undelivered.distinct('pending', { pending: { $in: [...asked] } })
        return waiting.filter(device => asked.has(device))
      }),
    ack: acks =>
      guarded(async () => {
        if (acks.length === 0) return
        // An ack that is lost with a primary costs a duplicate, which clients drop: the majority is not waited for.
        const options = { ordered: false, writeConcern: { w: 1 } } as const
        await undelivered.bulkWrite(
          acks.map(({ deviceId, ids }) => ({
            updateMany: {
              filter: { _id: { $in: [...ids] }, pending: deviceId },
              update: { $pull: { pending: deviceId } },
            },
          })),
          options,
        )
        const ids = [...new Set(acks.flatMap(ack => ack.ids))]
        await undelivered.deleteMany({ _id: { $in: ids }, pending: { $size: 0 } }, { writeConcern: { w: 1 } })
      }),
  }
}
