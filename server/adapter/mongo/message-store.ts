import type { WriteConcernSettings } from 'mongodb'
import type { UndeliveredDocument } from '../../../schema/documents.ts'
import type { DeviceId, MessageId } from '../../../schema/ids.ts'
import type { InsertResult, MessageStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded, isOnlyDuplicates, mongoCodes } from './errors.ts'

/** What was for a moment that has passed. */
const over = (at: Date) => ({ kind: 'transient', expiresAt: { $lte: at } }) as const

/** A message as a device needs it. An entry's `kid` begins with the id of its device. */
function projectionFor(deviceId: DeviceId) {
  const isOwn = { $eq: [{ $substrBytes: ['$$entry.header.kid', 0, deviceId.length] }, deviceId] }
  const own = { $filter: { input: '$body.recipients', as: 'entry', cond: isOwn } }
  const isChain = { $eq: [{ $type: '$body' }, 'object'] }
  return {
    ...{ senderId: 1, senderDevice: 1, receiverId: 1, groupId: 1, kind: 1, createdAt: 1, expiresAt: 1 },
    body: { $cond: [isChain, { $mergeObjects: ['$body', { recipients: own }] }, '$body'] },
  }
}

/** Message ids of one round where a device is taken out of all that waits for it. */
const MAX_REMOVED_AT_ONCE = 1000

interface Ack {
  deviceId: DeviceId
  ids: readonly MessageId[]
}

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

  /** Takes each device out of its messages, and deletes those that nobody waits for any more. */
  async function take(acks: readonly Ack[], options: { writeConcern?: WriteConcernSettings }): Promise<void> {
    await undelivered.bulkWrite(
      acks.map(({ deviceId, ids }) => ({
        updateMany: {
          filter: { _id: { $in: [...ids] }, pending: deviceId },
          update: { $pull: { pending: deviceId } },
        },
      })),
      { ...options, ordered: false },
    )
    const ids = [...new Set(acks.flatMap(ack => ack.ids))]
    await undelivered.deleteMany({ _id: { $in: ids }, pending: { $size: 0 } }, options)
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
    removeSettled: ({ at }) =>
      guarded(async () => {
        // Not by $size, which no index answers.
        await undelivered.deleteMany({ pending: [] })
        await undelivered.deleteMany(over(at))
      }),
    estimate: () => guarded(() => undelivered.estimatedDocumentCount()),
    find: ids => guarded(() => undelivered.find({ _id: { $in: [...ids] } }).toArray()),
    pendingFor: (deviceId, { exclude, limit, at }) =>
      guarded(() =>
        undelivered
          .find(
            {
              pending: deviceId,
              ...(exclude.length > 0 ? { _id: { $nin: [...exclude] } } : {}),
              $nor: [over(at)],
            },
            { projection: projectionFor(deviceId) },
          )
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      ),
    devicesWithPending: (deviceIds, { at }) =>
      guarded(async () => {
        const asked = new Set(deviceIds)
        const waiting = await undelivered.distinct('pending', {
          pending: { $in: [...asked] },
          $nor: [over(at)],
        })
        return waiting.filter(device => asked.has(device))
      }),
    ack: acks =>
      guarded(async () => {
        // An ack that is lost with a primary costs a duplicate, which clients drop: the majority is not waited for.
        if (acks.length > 0) await take(acks, { writeConcern: { w: 1 } })
      }),
    removeDevice: deviceId =>
      guarded(async () => {
        for (;;) {
          const found = await undelivered
            .find({ pending: deviceId }, { projection: { _id: 1 } })
            .limit(MAX_REMOVED_AT_ONCE)
            .toArray()
          if (found.length === 0) return
          await take([{ deviceId, ids: found.map(({ _id }) => _id) }], {})
        }
      }),
  }
}
