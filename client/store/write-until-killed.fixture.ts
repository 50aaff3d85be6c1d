/**
 * A process that tests kill: `write-until-killed.fixture.ts <folder> <key>` writes one transaction after the other into the
 * store of a folder, and prints the number of each after it was committed. With a disk that is full it prints
 * `disk_full`, waits for a line on stdin, and goes on.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { FastChatError } from '../../schema/errors.ts'
import { openStore } from './lmdb-store.ts'

const [folder = '', key = ''] = process.argv.slice(2)
const store = openStore({ folder, storageKey: Buffer.from(key, 'hex') })
const table = store.table<{ n: number; padding: string }>('numbers')
const padding = 'p'.repeat(3000)
for (let n = 0; ; n++) {
  try {
    store.transaction(() => {
      table.put(['first', n], { n, padding })
      table.put(['second', n], { n, padding })
    })
    writeSync(1, `${n}\n`)
  } catch (error) {
    if (!(error instanceof FastChatError)) throw error
    writeSync(1, `${error.code}\n`)
    await once(process.stdin, 'data')
    n--
  }
}
