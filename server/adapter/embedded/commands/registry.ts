import {
  buildInfo,
  connectionStatus,
  getCmdLineOpts,
  getLog,
  getParameter,
  hello,
  hostInfo,
  killCursors,
  noTransaction,
  ping,
  replSetGetStatus,
  serverStatus,
  sessionsCommand,
  whatsmyuri,
} from './admin.ts'
import {
  collMod,
  collStats,
  create,
  dbStats,
  drop,
  dropDatabase,
  listCollections,
  listDatabases,
  renameCollection,
} from './collections.ts'
import type { Handler } from './context.ts'
import { explain } from './explain.ts'
import { findAndModify } from './find-and-modify.ts'
import { getMore } from './get-more.ts'
import { createIndexes, dropIndexes, listIndexes } from './indexes.ts'
import { aggregate, count, distinct, find } from './read.ts'
import { insert, remove, update } from './write.ts'

/** A command and the fields that it may have beside the general ones. */
export interface CommandSpec {
  run: Handler
  /** undefined: any field is let pass (commands that describe, and change nothing). */
  fields: ReadonlySet<string> | undefined
}

/** Fields that every command may have. */
export const GENERAL_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  '$readPreference',
  '$clusterTime',
  '$audit',
  '$client',
  'lsid',
  'txnNumber',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'comment',
  'autocommit',
  'startTransaction',
  'stmtId',
])

function spec(run: Handler, fields?: string): CommandSpec {
  return {
    run,
    fields: fields === undefined ? undefined : new Set(fields.split(' ').filter(name => name !== '')),
  }
}

const WRITE = 'ordered bypassDocumentValidation'
const FIND_AND_MODIFY = spec(
  findAndModify,
  'query sort remove update new fields upsert bypassDocumentValidation collation arrayFilters hint',
)

/** All commands, by the name that clients use. */
export const COMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  Object.entries({
    hello: spec(hello),
    isMaster: spec(hello),
    ismaster: spec(hello),
    ping: spec(ping),
    buildInfo: spec(buildInfo),
    buildinfo: spec(buildInfo),
    getParameter: spec(getParameter),
    getLog: spec(getLog),
    hostInfo: spec(hostInfo),
    connectionStatus: spec(connectionStatus),
    getCmdLineOpts: spec(getCmdLineOpts),
    serverStatus: spec(serverStatus),
    whatsmyuri: spec(whatsmyuri),
    replSetGetStatus: spec(replSetGetStatus),
    endSessions: spec(sessionsCommand),
    refreshSessions: spec(sessionsCommand),
    killSessions: spec(sessionsCommand),
    commitTransaction: spec(noTransaction),
    abortTransaction: spec(noTransaction),
    insert: spec(insert, `documents ${WRITE}`),
    update: spec(update, `updates ${WRITE}`),
    delete: spec(remove, 'deletes ordered'),
    findAndModify: FIND_AND_MODIFY,
    findandmodify: FIND_AND_MODIFY,
    find: spec(
      find,
      'filter sort projection hint skip limit batchSize singleBatch max min returnKey showRecordId tailable oplogReplay noCursorTimeout awaitData allowPartialResults collation allowDiskUse',
    ),
    aggregate: spec(
      aggregate,
      'pipeline explain allowDiskUse cursor bypassDocumentValidation collation hint',
    ),
    count: spec(count, 'query limit skip hint collation fields'),
    distinct: spec(distinct, 'key query collation hint'),
    getMore: spec(getMore, 'collection batchSize'),
    killCursors: spec(killCursors, 'cursors'),
    explain: spec(explain, 'verbosity'),
    create: spec(
      create,
      'capped autoIndexId size max storageEngine validator validationLevel validationAction indexOptionDefaults viewOn pipeline collation idIndex',
    ),
    collMod: spec(collMod, 'index validator validationLevel validationAction'),
    drop: spec(drop, ''),
    dropDatabase: spec(dropDatabase, ''),
    renameCollection: spec(renameCollection, 'to dropTarget'),
    listCollections: spec(listCollections, 'filter nameOnly authorizedCollections cursor'),
    listDatabases: spec(listDatabases, 'filter nameOnly authorizedDatabases'),
    createIndexes: spec(createIndexes, 'indexes commitQuorum'),
    dropIndexes: spec(dropIndexes, 'index'),
    deleteIndexes: spec(dropIndexes, 'index'),
    listIndexes: spec(listIndexes, 'cursor'),
    collStats: spec(collStats, 'scale'),
    collstats: spec(collStats, 'scale'),
    dbStats: spec(dbStats, 'scale freeStorage'),
    dbstats: spec(dbStats, 'scale freeStorage'),
  }),
)
