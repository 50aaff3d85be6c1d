import { type ChangeStream, type Db, MongoServerError, type ResumeToken } from 'mongodb'
import type {
  DeviceDocument,
  PresenceDocument,
  RosterEventDocument,
  UndeliveredDocument,
} from '../../../schema/documents.ts'
import type { Clock } from '../../port/clock.ts'
import type { Feed, FeedHandlers } from '../../port/feed.ts'
import { errorFields, type Log } from '../../port/log.ts'
import { mongoCodes } from './errors.ts'

/** How long the database may keep a question open while nothing happens. */
const MAX_AWAIT_MS = 1_000
const backoffMs = { first: 100, most: 5_000 } as const

interface Event {
  operationType: string
  ns?: { coll?: string }
  documentKey?: { _id: string }
  fullDocument?: unknown
  updateDescription?: { updatedFields?: Record<string, unknown> }
}

/**
 * One change stream on the whole database for one server. It resumes where it was after any failure; where that is not
 * possible (the token's place has left the oplog, the stream was invalidated) it begins anew and says so by `onReset`.
 */
export function createFeed(
  db: Db,
  { serverId, clock, log }: { serverId: string; clock: Clock; log: Log },
): Feed {
  let stream: ChangeStream | undefined
  let isClosed = false
  let running: Promise<void> | undefined
  let wake: () => void = () => undefined

  async function run(handlers: FeedHandlers, onOpen: () => void): Promise<void> {
    let token: ResumeToken | undefined
    let delayMs: number = backoffMs.first
    let isFirst = true
    while (!isClosed) {
      const isResumed = token !== undefined
      const opened = db.watch(pipeline(serverId), {
        maxAwaitTimeMS: MAX_AWAIT_MS,
        ...(token === undefined ? {} : { resumeAfter: token }),
      })
      stream = opened
      let isOpen = false
      try {
        while (!isClosed) {
          const event = (await opened.tryNext()) as Event | null
          if (!isOpen) {
            isOpen = true
            delayMs = backoffMs.first
            // The first time, and after a place that was lost, what happened before is only in the collections.
            if (!isResumed && !isFirst) handlers.onReset()
            isFirst = false
            onOpen()
          }
          if (event?.operationType === 'invalidate') throw new Lost()
          if (event) dispatch(event, handlers)
          token = opened.resumeToken
          if (!event && opened.closed) throw new Lost()
        }
      } catch (error) {
        if (isClosed) break
        // Opened by a token that does not work: the next one begins anew.
        if (error instanceof Lost || isLost(error) || (isResumed && !isOpen && isRefused(error)))
          token = undefined
        log.warn(
          { ...errorFields(error), resumes: token !== undefined },
          'change stream ended, opening it again',
        )
      }
      await opened.close().catch(() => undefined)
      if (isClosed) break
      await pause(delayMs)
      delayMs = Math.min(backoffMs.most, delayMs * 2)
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = clock.after(ms, resolve)
      wake = () => {
        cancel()
        resolve()
      }
    })
  }

  return {
    open(handlers) {
      return new Promise(resolve => {
        running ??= run(handlers, resolve)
      })
    },
    async close() {
      isClosed = true
      wake()
      await stream?.close().catch(() => undefined)
      await running
    },
  }
}

class Lost extends Error {
  override readonly name = 'Lost'
  constructor() {
    super('the stream was invalidated')
  }
}

/** The place of the token has left the oplog, or the stream cannot go on. */
function isLost(error: unknown): boolean {
  return (
    error instanceof MongoServerError &&
    (error.code === mongoCodes.changeStreamHistoryLost ||
      error.code === mongoCodes.changeStreamFatal ||
      error.hasErrorLabel('NonResumableChangeStreamError'))
  )
}

/** The database itself said no, rather than being away. */
function isRefused(error: unknown): boolean {
  return error instanceof MongoServerError && !error.hasErrorLabel('ResumableChangeStreamError')
}

function pipeline(serverId: string): Record<string, unknown>[] {
  const route = 'updateDescription.updatedFields.route'
  return [
    {
      $match: {
        $or: [
          { 'ns.coll': 'undelivered', operationType: 'insert', 'fullDocument.route': serverId },
          { 'ns.coll': 'undelivered', operationType: 'update', [route]: serverId },
          { 'ns.coll': 'devices', operationType: { $in: ['insert', 'update', 'replace', 'delete'] } },
          { 'ns.coll': 'rosterEvents', operationType: 'insert' },
          {
            'ns.coll': 'presence',
            operationType: 'update',
            'updateDescription.updatedFields.prekeysLeft': { $exists: true },
          },
          // A device that has just connected shows itself to nobody yet.
          { 'ns.coll': 'presence', operationType: 'insert', 'fullDocument.shares': { $exists: true } },
          { 'ns.coll': 'presence', operationType: { $in: ['replace', 'delete'] } },
          {
            'ns.coll': 'servers',
            operationType: { $in: ['insert', 'update'] },
            'documentKey._id': serverId,
          },
          { operationType: 'invalidate' },
        ],
      },
    },
  ]
}

function dispatch(event: Event, handlers: FeedHandlers): void {
  const id = event.documentKey?._id
  if (id === undefined) return
  const updated = event.updateDescription?.updatedFields
  switch (event.ns?.coll) {
    case 'undelivered':
      if (event.operationType === 'update') handlers.onRoute(id)
      else if (event.fullDocument) handlers.onMessage(event.fullDocument as UndeliveredDocument)
      return
    case 'devices': {
      const device = event.fullDocument as DeviceDocument | undefined
      handlers.onDevice({ deviceId: id, ...(device ? { userId: device.userId } : {}) })
      return
    }
    case 'rosterEvents': {
      const { group, epoch, subjects, by } = event.fullDocument as RosterEventDocument
      handlers.onRosterEvent({ group, epoch, hash: id, subjects, by })
      return
    }
    case 'presence': {
      const left = Number(updated?.prekeysLeft)
      if (Number.isInteger(left)) handlers.onPrekeys({ deviceId: id, left })
      if (event.operationType === 'update') return
      const now = event.fullDocument as PresenceDocument | undefined
      handlers.onPresence({ deviceId: id, ...(now ? { now } : {}) })
      return
    }
    case 'servers': {
      const at =
        updated?.heartbeatAt ?? (event.fullDocument as { heartbeatAt?: unknown } | undefined)?.heartbeatAt
      if (at instanceof Date) handlers.onHeartbeat(at)
      return
    }
    default:
  }
}
