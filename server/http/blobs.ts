import { type Context, Hono } from 'hono'
import type { BlobDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import { type BlobResponse, CreateBlobRequest, type ErrorBody } from '../../schema/http.ts'
import { BlobId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { checkComplete } from '../blobs/blobs.ts'
import { upload } from '../blobs/upload.ts'
import { type ByteRange, readContentRange, readRange } from '../core/byte-range.ts'
import { errorFields } from '../port/log.ts'
import { readBody } from './body.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'

/** Whatever its bytes are, no program is to take them for more than bytes. */
const OPAQUE = {
  'content-type': 'application/octet-stream',
  'content-disposition': 'attachment',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'no-store',
  'accept-ranges': 'bytes',
} as const

/** Attachments, for those who have an access token. */
export function blobRoutes(services: Services): Hono<Carried> {
  const { blobs, rates, clock, limits } = services
  const app = new Hono<Carried>()
  const idOf = (context: Context<Carried>) =>
    parse(BlobId, context.req.param('id'), { what: 'attachment id' })
  app.use('/blobs', requireCaller(services))
  app.use('/blobs/*', requireCaller(services))

  app.post('/blobs', async context => {
    const caller = context.get('caller')
    const request = await readBody(context, { schema: CreateBlobRequest, limits })
    if (!rates.blobs.take(caller.userId, { nowMs: clock.now() })) {
      throw new FastChatError('rate_limited', 'Cannot take attachment: too many in a minute, try later')
    }
    return context.json((await blobs.create(caller, request)) satisfies BlobResponse, 201)
  })

  app.get('/blobs/:id', async context => {
    const blob = await blobs.readable(context.get('caller').userId, idOf(context))
    return context.json((await blobs.state(blob)) satisfies BlobResponse)
  })

  app.put('/blobs/:id/content', async context => {
    const blob = await blobs.owned(context.get('caller').userId, idOf(context))
    const range = readContentRange(context.req.header('content-range'))
    if (Number(context.req.header('content-length') ?? 0) > range.to - range.from) {
      throw new FastChatError('too_large', 'Cannot store attachment: it has more bytes than announced')
    }
    const open = () => context.req.raw.body
    const state = await upload(blob, { body: { range, open }, options: services.uploads })
    return context.json(state satisfies BlobResponse)
  })

  app.get('/blobs/:id/content', async context => {
    const blob = await blobs.readable(context.get('caller').userId, idOf(context))
    checkComplete(blob)
    const { size } = blob
    const range = readRange(context.req.header('range'), size)
    if (range === 'none') {
      const error = { code: 'bad_request', message: 'Cannot give attachment: it has no bytes there' }
      return context.json({ error } satisfies ErrorBody, 416, { 'content-range': `bytes */${size}` })
    }
    const { from, to } = range === 'all' ? { from: 0, to: size } : range
    const body = contentOf({ services, context, blob, range: { from, to } })
    const headers = { ...OPAQUE, 'content-length': String(to - from) }
    if (range === 'all') return context.body(body, 200, headers)
    return context.body(body, 206, { ...headers, 'content-range': `bytes ${from}-${to - 1}/${size}` })
  })

  app.post('/blobs/:id/received', async context =>
    context.json((await blobs.receivedBy(context.get('caller'), idOf(context))) satisfies BlobResponse),
  )

  app.delete('/blobs/:id', async context =>
    context.json((await blobs.remove(context.get('caller'), idOf(context))) satisfies BlobResponse),
  )

  return app
}

/** The bytes, asked of the database only as fast as they are taken. */
function contentOf({
  services: { blobs, metrics, log, cutOff },
  context,
  blob,
  range,
}: {
  services: Services
  context: Context
  blob: BlobDocument
  range: ByteRange
}): ReadableStream<Uint8Array> {
  const pieces = blobs.read(blob, range)[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (done) return controller.close()
          metrics.blobBytes({ direction: 'down', bytes: value.length })
          controller.enqueue(value)
        } catch (error) {
          // It has begun with 200: whoever asked sees only that it breaks off.
          log.warn(errorFields(error), 'Cannot give all of an attachment')
          if (!cutOff(context.env)) controller.error(error)
        }
      },
      async cancel() {
        await pieces.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
