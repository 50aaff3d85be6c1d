import {
  type Collection,
  type CreateIndexesOptions,
  type Db,
  type IndexSpecification,
  ReadConcern,
} from 'mongodb'
import {
  type BlobDocument,
  type DeviceDocument,
  documents,
  type GroupDocument,
  type PrekeyDocument,
  type PresenceDocument,
  type RosterEventDocument,
  type ServerDocument,
  type SettingDocument,
  type UndeliveredDocument,
  type UserDocument,
} from '../../../schema/documents.ts'
import { mongoSchema } from '../../../schema/mongo-schema.ts'
import { isMongoCode, mongoCodes } from './errors.ts'

export interface Collections {
  users: Collection<UserDocument>
  devices: Collection<DeviceDocument>
  prekeys: Collection<PrekeyDocument>
  groups: Collection<GroupDocument>
  rosterEvents: Collection<RosterEventDocument>
  blobs: Collection<BlobDocument>
  undelivered: Collection<UndeliveredDocument>
  presence: Collection<PresenceDocument>
  servers: Collection<ServerDocument>
  settings: Collection<SettingDocument>
}

const CLAIMED_KEPT_SECONDS = 60 * 24 * 60 * 60

type IndexDefinition = [keys: IndexSpecification, options?: CreateIndexesOptions]

const indexes: Partial<Record<keyof Collections, IndexDefinition[]>> = {
  devices: [[{ userId: 1 }]],
  // In stock is what has no `claimedAt`; what was claimed is remembered longer than any device repeats an upload.
  prekeys: [
    [{ deviceId: 1, claimedAt: 1 }],
    [{ claimedAt: 1 }, { expireAfterSeconds: CLAIMED_KEPT_SECONDS }],
  ],
  // `pending` for drains, in the order of ids; the other one lets MongoDB remove what nobody fetched.
  undelivered: [[{ pending: 1, _id: 1 }], [{ expiresAt: 1 }, { expireAfterSeconds: 0 }]],
  groups: [[{ memberIds: 1 }]],
  // Unique: of two events that would follow the same one the first is the next. The other one for whoever is no member.
  rosterEvents: [[{ group: 1, epoch: 1 }, { unique: true }], [{ group: 1, subjects: 1, epoch: 1 }]],
  // No TTL index: the bytes have to go too.
  blobs: [[{ ownerId: 1 }], [{ pending: 1 }], [{ expiresAt: 1 }]],
  presence: [[{ serverId: 1 }], [{ userId: 1 }]],
}

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection('users'),
    devices: db.collection('devices'),
    prekeys: db.collection('prekeys'),
    groups: db.collection('groups'),
    rosterEvents: db.collection('rosterEvents'),
    blobs: db.collection('blobs'),
    undelivered: db.collection('undelivered', { readConcern: new ReadConcern('local') }),
    presence: db.collection('presence'),
    servers: db.collection('servers'),
    settings: db.collection('settings'),
  }
}

/** Makes what is not there yet: collections with their validators, and indexes. Safe to run by many servers at once. */
export async function createCollections(db: Db): Promise<void> {
  const names = Object.keys(documents) as (keyof Collections)[]
  await Promise.all(
    names.map(async name => {
      const validator = { $jsonSchema: mongoSchema(documents[name]) }
      try {
        await db.createCollection(name, { validator })
      } catch (error) {
        if (!isMongoCode(error, mongoCodes.namespaceExists)) throw error
        await db.command({ collMod: name, validator })
      }
      for (const [keys, options] of indexes[name] ?? []) await db.collection(name).createIndex(keys, options)
    }),
  )
}
