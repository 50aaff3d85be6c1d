import { randomUUID } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { decode, encode } from '../bson/codec.ts'
import { toNumber } from '../bson/value.ts'
import type { Engine } from './engine.ts'

const OWNER_KEY = Buffer.from('owner')
/** An owner that cannot be looked at and does not listen after this time is taken for dead. */
const START_MS = 10000
const PROBE_MS = 2000
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

/** Who has the directory, as it is written in the store. */
interface Owner {
  pid: number
  /** When the process began, as the kernel counts; empty where that cannot be read. */
  birth: string
  /** Different for each start. */
  nonce: string
  sinceMs: number
  host: string
  /** 0 until it listens. */
  port: number
}

function readOwner(engine: Engine): Owner | undefined {
  const bytes = engine.meta.get(OWNER_KEY)
  if (bytes === undefined) return undefined
  const doc = decode(bytes)
  return {
    pid: toNumber(doc.pid) ?? 0,
    birth: String(doc.birth),
    nonce: String(doc.nonce),
    sinceMs: toNumber(doc.sinceMs) ?? 0,
    host: String(doc.host),
    port: toNumber(doc.port) ?? 0,
  }
}

/** A process as the kernel knows it; 'unknown' where there is no /proc, or no permission to ask. */
function lookUp(pid: number): { birth: string } | 'dead' | 'unknown' {
  try {
    // When it began, counted since boot, with the boot: two processes never share it.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const isGone = fields[0] === 'Z' || fields[0] === 'X'
      return isGone ? 'dead' : { birth: `${boot}:${fields[19]}` }
    } catch (error) {
      return (error as { code?: string }).code === 'ENOENT' ? 'dead' : 'unknown'
    }
  } catch {
    return 'unknown'
  }
}

function lives(owner: Owner): 'yes' | 'no' | 'unknown' {
  // Our own number: this process would be in HELD_HERE, so it is a dead one's that had the number before.
  if (owner.pid === process.pid) return 'no'
  const found = lookUp(owner.pid)
  if (found === 'dead') return 'no'
  if (found !== 'unknown' && owner.birth !== '') return found.birth === owner.birth ? 'yes' : 'no'
  try {
    process.kill(owner.pid, 0)
    return 'unknown'
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH' ? 'no' : 'unknown'
  }
}

/** Does the owner answer at its port? */
async function answers(owner: Owner): Promise<boolean> {
  if (owner.port === 0) return Date.now() - owner.sinceMs < START_MS
  return new Promise(resolve => {
    const socket = connect({ host: owner.host, port: owner.port, timeout: PROBE_MS })
    const done = (isAlive: boolean) => (): void => {
      socket.destroy()
      resolve(isAlive)
    }
    socket.on('connect', done(true))
    socket.on('timeout', done(true))
    socket.on('error', done(false))
  })
}

/** A held data directory. */
export interface Ownership {
  /** Tells where the server listens, for those that cannot ask the kernel whether it lives. */
  listensOn(at: { host: string; port: number }): void
  giveBack(): void
}

/**
 * Takes the data directory for this process. The record is compared and written in one write transaction of the store,
 * whose lock the kernel frees when its holder dies: of several that start at once exactly one wins, and a `kill -9`
 * leaves nothing that must be cleaned up.
 * @throws DatabaseInUse
 */
export async function takeOwnership(engine: Engine, dataDir: string): Promise<Ownership> {
  const path = realpathSync(dataDir)
  const own = lookUp(process.pid)
  const mine: Owner = {
    pid: process.pid,
    birth: typeof own === 'string' ? '' : own.birth,
    nonce: randomUUID(),
    sinceMs: Date.now(),
    host: '',
    port: 0,
  }
  const write = (owner: Owner): void => engine.meta.put(OWNER_KEY, encode(owner))
  let presumedDead: string | undefined
  for (;;) {
    if (HELD_HERE.has(path)) throw new DatabaseInUse(process.pid)
    const state = engine.root.transactionSync(() => {
      const owner = readOwner(engine)
      const verdict = owner === undefined || owner.nonce === presumedDead ? 'no' : lives(owner)
      if (verdict === 'no') write(mine)
      return { owner, verdict }
    })
    if (state.verdict === 'no') break
    if (state.owner === undefined) continue
    if (state.verdict === 'yes' || (await answers(state.owner))) throw new DatabaseInUse(state.owner.pid)
    presumedDead = state.owner.nonce
  }
  HELD_HERE.add(path)
  return {
    listensOn(at) {
      engine.root.transactionSync(() => write({ ...mine, ...at }))
    },
    giveBack() {
      HELD_HERE.delete(path)
      engine.root.transactionSync(() => {
        if (readOwner(engine)?.nonce === mine.nonce) engine.meta.remove(OWNER_KEY)
      })
    },
  }
}
