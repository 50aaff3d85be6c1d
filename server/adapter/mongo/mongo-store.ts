import type { MongoBulkWriteError } from 'mongodb'
import type {
  DeviceDocument,
  GroupDocument,
  PresenceDocument,
  ServerDocument,
  UndeliveredDocument,
  UserDocument,
} from '../../../schema/documents.ts'
import type { DeviceId, GroupId, MessageId, ServerId, UserId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import type { ClaimedPrekeys, Store, StoredPrekey } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { asUnavailable, isDuplicateKey } from './connect.ts'

const MAJORITY = { writeConcern: { w: 'majority' as const } }
const DUPLICATE_KEY = 11000

/** The store on MongoDB, 4.4 or later. */
export class MongoStore implements Store {
  readonly #all: Collections
  readonly #randomSecret: () => string

  constructor(collections: Collections, { randomSecret }: { randomSecret: () => string }) {
    this.#all = collections
    this.#randomSecret = randomSecret
  }

  createUser(user: UserDocument): Promise<'created' | 'exists'> {
    return this.#create(this.#all.users.insertOne(user, MAJORITY))
  }

  user(userId: UserId): Promise<UserDocument | null> {
    return asUnavailable(this.#all.users.findOne({ _id: userId }))
  }

  createDevice(device: DeviceDocument): Promise<'created' | 'exists'> {
    return this.#create(this.#all.devices.insertOne(device, MAJORITY))
  }

  device(deviceId: DeviceId): Promise<DeviceDocument | null> {
    return asUnavailable(this.#all.devices.findOne({ _id: deviceId }))
  }

  devicesOf(userIds: readonly UserId[]): Promise<DeviceDocument[]> {
    const query = { userId: { $in: [...userIds] }, revokedAt: { $exists: false } }
    return asUnavailable(this.#all.devices.find(query).toArray())
  }

  async setSignedPrekey(deviceId: DeviceId, signedPrekey: string): Promise<void> {
    await asUnavailable(this.#all.devices.updateOne({ _id: deviceId }, { $set: { signedPrekey } }, MAJORITY))
  }

  async addPrekeys(prekeys: readonly StoredPrekey[]): Promise<void> {
    if (prekeys.length === 0) return
    const inserted = this.#all.prekeys.insertMany([...prekeys], { ordered: false, ...MAJORITY })
    await asUnavailable(
      inserted.catch(error => {
        if (!hasOnlyDuplicates(error)) throw error
      }),
    )
  }

  countPrekeys(deviceId: DeviceId): Promise<number> {
    return asUnavailable(this.#all.prekeys.countDocuments({ deviceId }, { limit: limits.maxOneTimePrekeys }))
  }

  async claimPrekeys(deviceIds: readonly DeviceId[]): Promise<ClaimedPrekeys[]> {
    const query = { _id: { $in: [...deviceIds] }, revokedAt: { $exists: false } }
    const devices = await asUnavailable(this.#all.devices.find(query).toArray())
    return await Promise.all(
      devices.map(async ({ _id: deviceId, signedPrekey }) => {
        const claimed = await asUnavailable(this.#all.prekeys.findOneAndDelete({ deviceId }, MAJORITY))
        return claimed
          ? { deviceId, signedPrekey, oneTimePrekey: claimed.prekey }
          : { deviceId, signedPrekey }
      }),
    )
  }

  group(groupId: GroupId): Promise<GroupDocument | null> {
    return asUnavailable(this.#all.groups.findOne({ _id: groupId }))
  }

  async insertMessages(messages: readonly UndeliveredDocument[]): Promise<('stored' | 'taken')[]> {
    const results: ('stored' | 'taken')[] = messages.map(() => 'stored')
    const duplicates = await asUnavailable(this.#insertUnordered(messages))
    for (const index of duplicates) {
      const message = messages[index]
      if (message) results[index] = await asUnavailable(this.#ownedBySender(message))
    }
    return results
  }

  messages(ids: readonly MessageId[]): Promise<UndeliveredDocument[]> {
    return asUnavailable(
      this.#all.undelivered
        .find({ _id: { $in: [...ids] } })
        .sort({ _id: 1 })
        .toArray(),
    )
  }

  pending(
    deviceId: DeviceId,
    { exclude, limit }: { exclude: readonly MessageId[]; limit: number },
  ): Promise<UndeliveredDocument[]> {
    const query =
      exclude.length > 0 ? { pending: deviceId, _id: { $nin: [...exclude] } } : { pending: deviceId }
    return asUnavailable(this.#all.undelivered.find(query).sort({ _id: 1 }).limit(limit).toArray())
  }

  async setRoutes(routes: readonly { id: MessageId; route: ServerId[] }[]): Promise<void> {
    if (routes.length === 0) return
    // The whole array, so that the change event holds all of it whatever was there before.
    const updates = routes.map(({ id, route }) => ({
      updateOne: { filter: { _id: id }, update: { $set: { route } } },
    }))
    await asUnavailable(this.#all.undelivered.bulkWrite(updates, { ordered: false, ...MAJORITY }))
  }

  async ack(acks: readonly { deviceId: DeviceId; ids: readonly MessageId[] }[]): Promise<void> {
    if (acks.length === 0) return
    const updates = acks.map(({ deviceId, ids }) => ({
      updateMany: { filter: { _id: { $in: [...ids] } }, update: { $pull: { pending: deviceId } } },
    }))
    await asUnavailable(this.#all.undelivered.bulkWrite(updates, { ordered: false, ...MAJORITY }))
    const ids = [...new Set(acks.flatMap(ack => ack.ids))]
    await asUnavailable(
      this.#all.undelivered.deleteMany({ _id: { $in: ids }, pending: { $size: 0 } }, MAJORITY),
    )
  }

  async setPresence(presence: PresenceDocument): Promise<void> {
    const { _id, ...rest } = presence
    await asUnavailable(this.#all.presence.replaceOne({ _id }, rest, { upsert: true, ...MAJORITY }))
  }

  async removePresence({ _id, serverId, since }: PresenceDocument): Promise<void> {
    await asUnavailable(this.#all.presence.deleteOne({ _id, serverId, since }, MAJORITY))
  }

  presenceOf(deviceIds: readonly DeviceId[]): Promise<PresenceDocument[]> {
    return asUnavailable(this.#all.presence.find({ _id: { $in: [...deviceIds] } }).toArray())
  }

  async removePresenceOf(serverIds: readonly ServerId[]): Promise<void> {
    await asUnavailable(this.#all.presence.deleteMany({ serverId: { $in: [...serverIds] } }, MAJORITY))
  }

  async renewLease({ _id, ...server }: Omit<ServerDocument, 'heartbeatAt'>): Promise<number> {
    const renewed = await asUnavailable(
      this.#all.servers.findOneAndUpdate(
        { _id },
        { $set: server, $currentDate: { heartbeatAt: true } },
        { upsert: true, returnDocument: 'after', ...MAJORITY },
      ),
    )
    return renewed?.heartbeatAt.getTime() ?? Date.now()
  }

  servers(): Promise<ServerDocument[]> {
    return asUnavailable(this.#all.servers.find().toArray())
  }

  server(serverId: ServerId): Promise<ServerDocument | null> {
    return asUnavailable(this.#all.servers.findOne({ _id: serverId }))
  }

  async removeServer(serverId: ServerId): Promise<void> {
    await asUnavailable(this.#all.servers.deleteOne({ _id: serverId }, MAJORITY))
  }

  async loginSecret(): Promise<string> {
    const { settings } = this.#all
    const known = await asUnavailable(settings.findOne({ _id: 'login' }))
    if (known) return known.secret
    // Whoever inserts first decides for all.
    await this.#create(settings.insertOne({ _id: 'login', secret: this.#randomSecret() }, MAJORITY))
    const made = await asUnavailable(settings.findOne({ _id: 'login' }))
    return made?.secret ?? (await this.loginSecret())
  }

  async #create(insert: Promise<unknown>): Promise<'created' | 'exists'> {
    return await asUnavailable(
      insert.then(
        () => 'created' as const,
        error => {
          if (isDuplicateKey(error)) return 'exists' as const
          throw error
        },
      ),
    )
  }

  /** @returns the indexes of those whose id was there already */
  async #insertUnordered(messages: readonly UndeliveredDocument[]): Promise<number[]> {
    try {
      await this.#all.undelivered.insertMany([...messages], { ordered: false, ...MAJORITY })
      return []
    } catch (error) {
      if (!hasOnlyDuplicates(error)) throw error
      return writeErrorsOf(error).map(({ index }) => index)
    }
  }

  /** An id that was there already: the same sender's is a retry. */
  async #ownedBySender(message: UndeliveredDocument): Promise<'stored' | 'taken'> {
    const there = await this.#all.undelivered.findOne(
      { _id: message._id },
      { projection: { senderDevice: 1 } },
    )
    // Gone meanwhile means delivered: it was stored.
    return !there || there.senderDevice === message.senderDevice ? 'stored' : 'taken'
  }
}

function writeErrorsOf(error: MongoBulkWriteError): { code: number; index: number }[] {
  return [error.writeErrors].flat().map(({ code, index }) => ({ code, index }))
}

function hasOnlyDuplicates(error: unknown): error is MongoBulkWriteError {
  if (!(error instanceof Error) || error.name !== 'MongoBulkWriteError') return false
  const all = writeErrorsOf(error as MongoBulkWriteError)
  return all.length > 0 && all.every(({ code }) => code === DUPLICATE_KEY)
}
