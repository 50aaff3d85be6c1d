import { arch, cpus, hostname, platform, release, totalmem } from 'node:os'
import { Long } from 'bson'
import type { Doc } from '../bson/codec.ts'
import { truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { tsValue } from '../storage/oplog.ts'
import type { CommandContext, Reply } from './context.ts'

/** The MongoDB whose answers are given. */
const VERSION = '4.4.29'
const VERSION_ARRAY = [4, 4, 29, 0]
const MAX_WIRE_VERSION = 9
const MAX_BSON_BYTES = 16 * 1024 * 1024
const SESSION_MINUTES = 30

/** hello and isMaster: the primary of a replica set with one member, at the address that the client came by. */
export function hello(context: CommandContext): Reply {
  const { server, peer, body, name } = context
  const { store } = context
  const opTime = { ts: tsValue(store.oplog.committed), t: Long.ONE }
  const primary = name === 'hello' ? { isWritablePrimary: true } : { ismaster: true }
  return {
    ...(truthy(body.helloOk) ? { helloOk: true } : {}),
    hosts: [peer.localAddress],
    setName: server.setName,
    setVersion: 1,
    ...primary,
    secondary: false,
    primary: peer.localAddress,
    me: peer.localAddress,
    electionId: server.electionId,
    lastWrite: { opTime, lastWriteDate: new Date(), majorityOpTime: opTime, majorityWriteDate: new Date() },
    maxBsonObjectSize: MAX_BSON_BYTES,
    maxMessageSizeBytes: 48000000,
    maxWriteBatchSize: 100000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: SESSION_MINUTES,
    connectionId: peer.id,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
    ok: 1,
  }
}

export function ping(): Reply {
  return { ok: 1 }
}

export function buildInfo(): Reply {
  return {
    version: VERSION,
    versionArray: VERSION_ARRAY,
    gitVersion: 'fastchat-embedded',
    modules: [],
    sysInfo: 'fastchat embedded database: not a mongod, see its README',
    allocator: 'system',
    javascriptEngine: 'none',
    storageEngines: ['lmdb'],
    bits: 64,
    debug: false,
    maxBsonObjectSize: MAX_BSON_BYTES,
    openssl: {},
    ok: 1,
  }
}

const PARAMETERS: Readonly<Record<string, unknown>> = {
  featureCompatibilityVersion: { version: '4.4' },
  authenticationMechanisms: [],
  ttlMonitorEnabled: true,
}

/** @throws MongoError 72 when none of the asked parameters is known */
export function getParameter(context: CommandContext): Reply {
  const { body } = context
  if (body.getParameter === '*') return { ...PARAMETERS, ok: 1 }
  const found: Doc = {}
  for (const name of Object.keys(body)) if (Object.hasOwn(PARAMETERS, name)) found[name] = PARAMETERS[name]
  if (Object.keys(found).length === 0) throw new MongoError(72, 'no option found to get')
  return { ...found, ok: 1 }
}

export function getLog(context: CommandContext): Reply {
  const which = context.body.getLog
  if (which === '*') return { names: ['global', 'startupWarnings'], ok: 1 }
  if (which !== 'global' && which !== 'startupWarnings')
    throw new MongoError(96, `no RamLog named: ${String(which)}`)
  return { totalLinesWritten: 0, log: [], ok: 1 }
}

export function hostInfo(): Reply {
  return {
    system: {
      currentTime: new Date(),
      hostname: hostname(),
      cpuAddrSize: 64,
      memSizeMB: Math.round(totalmem() / 1048576),
      numCores: cpus().length,
      cpuArch: arch(),
    },
    os: { type: platform(), name: platform(), version: release() },
    extra: {},
    ok: 1,
  }
}

export function connectionStatus(): Reply {
  return { authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] }, ok: 1 }
}

export function getCmdLineOpts(context: CommandContext): Reply {
  return { argv: ['fastchat', 'db'], parsed: { replication: { replSet: context.server.setName } }, ok: 1 }
}

export function whatsmyuri(context: CommandContext): Reply {
  return { you: context.peer.remoteAddress, ok: 1 }
}

export function serverStatus(context: CommandContext): Reply {
  const { server, peer } = context
  const uptimeMs = Date.now() - server.startedAtMs
  const memory = process.memoryUsage()
  return {
    host: peer.localAddress,
    version: VERSION,
    process: 'fastchat-embedded',
    pid: Long.fromNumber(process.pid),
    uptime: uptimeMs / 1000,
    uptimeMillis: Long.fromNumber(uptimeMs),
    localTime: new Date(),
    connections: {
      current: server.connections.current,
      available: 100000,
      totalCreated: server.connections.total,
    },
    mem: { bits: 64, resident: Math.round(memory.rss / 1048576) },
    metrics: { cursor: { open: { total: server.cursors.count } } },
    repl: {
      setName: server.setName,
      ismaster: true,
      secondary: false,
      primary: peer.localAddress,
      me: peer.localAddress,
      hosts: [peer.localAddress],
    },
    storageEngine: { name: 'lmdb', persistent: true, readOnly: false, supportsCommittedReads: true },
    ok: 1,
  }
}

export function replSetGetStatus(context: CommandContext): Reply {
  const { server, peer, store } = context
  const optime = { ts: tsValue(store.oplog.committed), t: Long.ONE }
  return {
    set: server.setName,
    date: new Date(),
    myState: 1,
    term: Long.ONE,
    heartbeatIntervalMillis: Long.fromNumber(2000),
    majorityVoteCount: 1,
    writeMajorityCount: 1,
    optimes: { lastCommittedOpTime: optime, appliedOpTime: optime, durableOpTime: optime },
    members: [
      {
        _id: 0,
        name: peer.localAddress,
        health: 1,
        state: 1,
        stateStr: 'PRIMARY',
        uptime: Math.floor((Date.now() - server.startedAtMs) / 1000),
        optime,
        self: true,
      },
    ],
    ok: 1,
  }
}

export function killCursors(context: CommandContext): Reply {
  const { cursors } = context.body
  if (!Array.isArray(cursors))
    throw new MongoError(14, "Field 'cursors' must be of type array in: killCursors")
  const killed: unknown[] = []
  const missing: unknown[] = []
  for (const id of cursors) (context.server.cursors.kill(id) ? killed : missing).push(id)
  return { cursorsKilled: killed, cursorsNotFound: missing, cursorsAlive: [], cursorsUnknown: [], ok: 1 }
}

/** Sessions hold nothing here but the memory of their last retryable write, which ages by itself. */
export function sessionsCommand(): Reply {
  return { ok: 1 }
}

export function noTransaction(): never {
  throw new MongoError(
    251,
    'Given transaction number does not match any in-progress transactions: transactions are not supported',
  )
}
