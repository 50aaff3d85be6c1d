import {
  type ChangeStream,
  type ChangeStreamDocument,
  type Db,
  MongoServerError,
  type ResumeToken,
} from 'mongodb'
import type { UndeliveredDocument } from '../../../schema/documents.ts'
import type { ServerId } from '../../../schema/ids.ts'
import type { Feed, FeedEvents } from '../../port/feed.ts'

const REOPEN_MIN_MS = 100
const REOPEN_MAX_MS = 5000
/** The stream's place is not in the oplog any more, or its token is none: only a new stream helps. */
const LOST_CODES = new Set([136, 280, 286])

export interface MongoFeedOptions {
  db: Db
  serverId: ServerId
  /** Told of every end of the stream that was not asked for. */
  onError: (error: unknown) => void
}

/**
 * ONE change stream a server, on the database. A stream for each user would make every one of them slow, since each is
 * matched against the whole oplog (SERVER-32946).
 */
export class MongoFeed implements Feed {
  readonly #options: MongoFeedOptions
  #events: FeedEvents | undefined
  #stream: ChangeStream | undefined
  #token: ResumeToken | undefined
  #isStopped = false
  #loop: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: MongoFeedOptions) {
    this.#options = options
  }

  async start(events: FeedEvents): Promise<void> {
    this.#events = events
    await this.#open()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake?.()
    await this.#stream?.close().catch(() => undefined)
    await this.#loop
  }

  async #open(): Promise<void> {
    const { db, serverId } = this.#options
    const stream = db.watch(pipelineFor(serverId), {
      maxAwaitTimeMS: 1000,
      batchSize: 1000,
      ...(this.#token === undefined ? {} : { startAfter: this.#token }),
    })
    this.#stream = stream
    // Sends the aggregate: from here on nothing is missed.
    const first = await stream.tryNext()
    if (first) this.#tell(first)
    this.#token = stream.resumeToken
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#isStopped) {
      try {
        if (!this.#stream || this.#stream.closed) await this.#open()
        const event = await this.#stream?.tryNext()
        failures = 0
        if (event) this.#tell(event)
        this.#token = this.#stream?.resumeToken ?? this.#token
      } catch (error) {
        if (this.#isStopped) return
        await this.#recover(error)
        failures += 1
        await this.#pause(Math.min(REOPEN_MAX_MS, REOPEN_MIN_MS * 2 ** failures))
      }
    }
  }

  async #recover(error: unknown): Promise<void> {
    this.#options.onError(error)
    await this.#stream?.close().catch(() => undefined)
    this.#stream = undefined
    if (!(error instanceof MongoServerError) || !LOST_CODES.has(Number(error.code))) return
    await this.#startAnew()
  }

  /** Opens a stream from now on, and has everything drained that the old one may have missed. */
  async #startAnew(): Promise<void> {
    this.#token = undefined
    try {
      await this.#open()
      this.#events?.onLost()
    } catch (error) {
      this.#options.onError(error)
      // Without a token the next attempt begins at its own time: what was missed must still be found.
      this.#events?.onLost()
    }
  }

  #tell(event: ChangeStreamDocument): void {
    const events = this.#events
    if (!events) return
    if (event.operationType === 'invalidate' || event.operationType === 'dropDatabase') {
      this.#token = undefined
      events.onLost()
      return
    }
    if (!('ns' in event) || !('coll' in event.ns)) return
    if (event.ns.coll === 'servers') events.onHeartbeat()
    else if (event.ns.coll === 'undelivered') tellMessage(event, events)
    else if (event.ns.coll === 'devices') tellDevice(event, events)
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** What concerns this server: its messages, everybody's devices, its own lease. */
function pipelineFor(serverId: ServerId): Record<string, unknown>[] {
  const changed = { $in: ['insert', 'update', 'replace'] }
  return [
    {
      $match: {
        $or: [
          { 'ns.coll': 'undelivered', operationType: 'insert', 'fullDocument.route': serverId },
          {
            'ns.coll': 'undelivered',
            operationType: 'update',
            'updateDescription.updatedFields.route': serverId,
          },
          { 'ns.coll': 'devices', operationType: changed },
          { 'ns.coll': 'servers', operationType: changed, 'documentKey._id': serverId },
          { operationType: { $in: ['invalidate', 'dropDatabase'] } },
        ],
      },
    },
  ]
}

function tellMessage(event: ChangeStreamDocument, events: FeedEvents): void {
  if (event.operationType === 'insert') events.onMessage(event.fullDocument as unknown as UndeliveredDocument)
  else if (event.operationType === 'update') events.onRouted(String(event.documentKey._id))
}

function tellDevice(event: ChangeStreamDocument, events: FeedEvents): void {
  if (event.operationType === 'insert') {
    events.onDeviceAdded({
      userId: String(event.fullDocument.userId),
      deviceId: String(event.documentKey._id),
    })
  } else if (event.operationType === 'update' || event.operationType === 'replace') {
    events.onDeviceChanged(String(event.documentKey._id))
  }
}
