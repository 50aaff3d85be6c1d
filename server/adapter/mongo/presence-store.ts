import type { PresenceStore, ServerStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded } from './errors.ts'

export function createPresenceStore({ presence }: Collections): PresenceStore {
  return {
    set: ({ _id, ...fields }) =>
      guarded(async () => {
        await presence.replaceOne({ _id }, fields, { upsert: true })
      }),
    share: ({ _id, ...fields }) =>
      guarded(async () => {
        const { serverId, since } = fields
        // The whole document, so that the change stream tells all of it.
        await presence.replaceOne({ _id, serverId, since }, fields, { writeConcern: { w: 1 } })
      }),
    find: deviceIds =>
      guarded(() => presence.find({ _id: { $in: [...deviceIds] } }, { projection: { shares: 0 } }).toArray()),
    sharing: (users, { userId }) =>
      guarded(() =>
        presence
          .find({ userId: { $in: [...users] }, shares: userId }, { projection: { userId: 1, serverId: 1 } })
          .toArray(),
      ),
    remove: ({ _id, serverId, since }) =>
      guarded(async () => {
        await presence.deleteOne({ _id, serverId, since })
      }),
    removeServer: serverId =>
      guarded(async () => {
        await presence.deleteMany({ serverId })
      }),
    removeDevice: deviceId =>
      guarded(async () => {
        await presence.deleteOne({ _id: deviceId })
      }),
    setPrekeysLeft: (deviceId, left) =>
      guarded(async () => {
        await presence.updateOne(
          { _id: deviceId },
          { $set: { prekeysLeft: left } },
          { writeConcern: { w: 1 } },
        )
      }),
  }
}

export function createServerStore({ servers, presence }: Collections): ServerStore {
  return {
    renew: ({ _id, ...fields }) =>
      guarded(async () => {
        const result = await servers.findOneAndUpdate(
          { _id },
          { $set: fields, $currentDate: { heartbeatAt: true } },
          { upsert: true, returnDocument: 'after', includeResultMetadata: true },
        )
        const heartbeatAt = result.value?.heartbeatAt
        if (!heartbeatAt) throw new TypeError('the database gave no lease back')
        return { heartbeatAt, isNew: result.lastErrorObject?.updatedExisting !== true }
      }),
    find: serverId => guarded(() => servers.findOne({ _id: serverId })),
    all: () => guarded(() => servers.find().toArray()),
    remove: serverIds =>
      guarded(async () => {
        await servers.deleteMany({ _id: { $in: [...serverIds] } })
        await presence.deleteMany({ serverId: { $in: [...serverIds] } })
      }),
  }
}
