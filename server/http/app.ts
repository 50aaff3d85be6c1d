import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { matchedRoutes } from 'hono/route'
import { FastChatError } from '../../schema/errors.ts'
import type { HealthResponse, JwksResponse, ServersResponse } from '../../schema/http.ts'
import { accountRoutes } from './accounts.ts'
import { blobRoutes } from './blobs.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'
import { deviceRoutes } from './devices.ts'
import { directoryRoutes } from './directory.ts'
import { errorResponse, onError } from './errors.ts'
import { groupRoutes } from './groups.ts'
import { metricsRoute } from './metrics.ts'
import { passwordRoutes } from './passwords.ts'
import { acceptSocket, refuseSocket } from './socket.ts'

/** Every route of the server (PROTOCOL.md). Knows no runtime: `app.request()` asks it without a port. */
export function createApp(services: Services): Hono<Carried> {
  const { key, store, lease, hub, log, isStopping } = services
  const app = new Hono<Carried>()
  app.onError(onError(log))
  app.notFound(context =>
    errorResponse(context, new FastChatError('not_found', 'Cannot answer: there is no such route')),
  )
  app.use(watched(services))

  app.get('/healthz', context => context.json({ ok: true } satisfies HealthResponse))
  app.get('/readyz', context => {
    const reason = isStopping() ? 'the server is stopping' : lease.trouble()
    if (reason === undefined) return context.json({ ok: true } satisfies HealthResponse)
    return context.json({ ok: false, reason } satisfies HealthResponse, 503)
  })
  app.get('/metrics', metricsRoute(services))
  app.use('/v1/*', async (_, next) => {
    if (isStopping()) throw new FastChatError('server_stopping', 'Cannot answer: the server is stopping')
    await next()
  })

  app.get('/.well-known/jwks.json', async context => {
    const servers = await store.servers.all()
    return context.json({
      keys: servers.map(({ _id, jwk }) => ({ ...jwk, kid: _id, alg: 'EdDSA', use: 'sig' })),
    } satisfies JwksResponse)
  })
  app.get('/v1/servers', async context => {
    const alive = await lease.alive()
    return context.json({
      self: key.serverId,
      now: Math.round(lease.now()),
      servers: alive.map(({ _id: id, url, load }) => ({
        id,
        url,
        load: id === key.serverId ? hub.size : load,
      })),
    } satisfies ServersResponse)
  })

  app.get(
    '/v1/socket',
    requireCaller(services),
    services.upgrade(context =>
      isStopping() ? refuseSocket() : acceptSocket(services, context.get('caller')),
    ),
    () => {
      throw new FastChatError('bad_request', 'Cannot open a socket: the request is no WebSocket upgrade')
    },
  )
  app.route('/v1', accountRoutes(services))
  app.route('/v1', passwordRoutes(services))
  app.route('/v1', deviceRoutes(services))
  app.route('/v1', directoryRoutes(services))
  app.route('/v1', groupRoutes(services))
  app.route('/v1', blobRoutes(services))
  return app
}

/** One line a request: method, path without query, status; and what an operator counts, by the route's pattern. */
function watched({ log, clock, metrics }: Services) {
  return createMiddleware(async (context, next) => {
    const startedAt = clock.now()
    await next()
    const { method, path } = context.req
    const { status } = context.res
    const ms = clock.now() - startedAt
    metrics.answered({ method, route: matchedRoutes(context).at(-1)?.path ?? '*', status, ms })
    log.info({ method, path, status, ms }, 'request')
  })
}
