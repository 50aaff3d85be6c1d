import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import { type EmbeddedDatabase, startEmbedded } from '../adapter/embedded/start.ts'

/** A database for one test file, empty: of its own on `MONGODB_URI`, else embedded in this process. */
export interface TestDatabase {
  uri: string
  db: Db
  client: MongoClient
  close(): Promise<void>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const given = process.env.MONGODB_URI
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-server-'))
  let embedded: EmbeddedDatabase | undefined
  if (!given) embedded = await startEmbedded({ dataDir: join(folder, 'db') })
  const uri = withDatabase(given ?? embedded?.uri ?? '', `fastchat_test_${randomBytes(6).toString('hex')}`)
  const client = await new MongoClient(uri).connect()
  return {
    uri,
    db: client.db(),
    client,
    async close() {
      if (given) {
        const db = client.db()
        await Promise.all([db.dropDatabase(), client.db(`${db.databaseName}_blobs`).dropDatabase()])
      }
      await client.close()
      await embedded?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function withDatabase(uri: string, name: string): string {
  return uri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`)
}
