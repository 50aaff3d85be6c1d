import { randomUUID } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { decode, encode } from '../bson/codec.ts'
import { toNumber } from '../bson/value.ts'
import type { Engine } from './engine.ts'

const OWNER_KEY = Buffer.from('owner')
/** Data directories that this very process has open. */
const HELD_HERE = new Set<string>()

/** The data directory belongs to a process that lives. */
export class DatabaseInUse extends Error {
  readonly pid: number
  constructor(pid: number) {
    super(`Cannot open the data directory: process ${pid} has it open`)
    this.pid = pid
  }
}

/** When a process began, in the kernel's own count since boot, with the boot: two processes never share it. */
function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot}:${fields[19]}`
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as { code?: string }).code !== 'ESRCH'
  }
}

function isHeld(record: { pid: number; birth: string; host: string }): boolean {
  // Our own number: this process would be in HELD_HERE, so it is a dead one's that had the number before.
  if (record.pid === process.pid && record.host === hostname()) return false
  const born = birthOf(record.pid)
  if (born !== undefined && record.birth !== '') return born === record.birth
  return isAlive(record.pid)
}

/**
 * Takes the data directory for this process. The record is read and written in one write transaction of the store,
 * whose lock the kernel frees when its holder dies: of two that start at once exactly one wins, and a `kill -9` leaves
 * nothing that must be cleaned up.
 * @returns a function that gives the directory back
 * @throws DatabaseInUse
 */
export function takeOwnership(engine: Engine, dataDir: string): () => void {
  const path = realpathSync(dataDir)
  if (HELD_HERE.has(path)) throw new DatabaseInUse(process.pid)
  const nonce = randomUUID()
  const holder = engine.root.transactionSync(() => {
    const bytes = engine.meta.get(OWNER_KEY)
    if (bytes !== undefined) {
      const record = decode(bytes)
      const pid = toNumber(record.pid) ?? 0
      if (isHeld({ pid, birth: String(record.birth), host: String(record.host) })) return pid
    }
    engine.meta.put(
      OWNER_KEY,
      encode({ pid: process.pid, birth: birthOf(process.pid) ?? '', host: hostname(), nonce }),
    )
    return undefined
  })
  if (holder !== undefined) throw new DatabaseInUse(holder)
  HELD_HERE.add(path)
  return () => {
    HELD_HERE.delete(path)
    const bytes = engine.meta.get(OWNER_KEY)
    if (bytes !== undefined && decode(bytes).nonce === nonce)
      engine.root.transactionSync(() => engine.meta.remove(OWNER_KEY))
  }
}
