import { type Collection, type Db, MongoServerError } from 'mongodb'
import {
  type DeviceDocument,
  documents,
  type GroupDocument,
  type PresenceDocument,
  type ServerDocument,
  type SettingDocument,
  type UndeliveredDocument,
  type UserDocument,
} from '../../../schema/documents.ts'
import { mongoSchema } from '../../../schema/mongo-schema.ts'
import type { StoredPrekey } from '../../port/store.ts'

export interface Collections {
  users: Collection<UserDocument>
  devices: Collection<DeviceDocument>
  prekeys: Collection<StoredPrekey>
  groups: Collection<GroupDocument>
  undelivered: Collection<UndeliveredDocument>
  presence: Collection<PresenceDocument>
  servers: Collection<ServerDocument>
  settings: Collection<SettingDocument>
}

/** A lease that nobody renewed for so long is removed by the database; the keys in it verify tokens until then. */
const LEASE_TTL_SECONDS = 60 * 60

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection('users'),
    devices: db.collection('devices'),
    prekeys: db.collection('prekeys'),
    groups: db.collection('groups'),
    undelivered: db.collection('undelivered'),
    presence: db.collection('presence'),
    servers: db.collection('servers'),
    settings: db.collection('settings'),
  }
}

/** Makes the collections with their validators, and the indexes. Harmless when they are there; several may do it at once. */
export async function prepareCollections(db: Db): Promise<Collections> {
  for (const [name, schema] of Object.entries(documents)) {
    await createCollection(db, { name, validator: { $jsonSchema: mongoSchema(schema) } })
  }
  const all = collectionsOf(db)
  await all.devices.createIndex({ userId: 1 })
  await all.prekeys.createIndex({ deviceId: 1 })
  await all.groups.createIndex({ memberIds: 1 })
  await all.undelivered.createIndex({ pending: 1, _id: 1 })
  await all.undelivered.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
  await all.presence.createIndex({ serverId: 1 })
  await all.servers.createIndex({ heartbeatAt: 1 }, { expireAfterSeconds: LEASE_TTL_SECONDS })
  return all
}

async function createCollection(
  db: Db,
  { name, validator }: { name: string; validator: Record<string, unknown> },
): Promise<void> {
  try {
    await db.createCollection(name, { validator })
  } catch (error) {
    const exists = error instanceof MongoServerError && error.code === 48
    if (!exists) throw error
    await db.command({ collMod: name, validator })
  }
}
