import { createHash, timingSafeEqual } from 'node:crypto'
import type { Handler } from 'hono'
import { FastChatError } from '../../schema/errors.ts'
import type { Carried, Services } from './context.ts'

const LOOPBACK = /^(::ffff:)?127\.|^::1$/

/**
 * `GET /metrics`, for Prometheus. They tell how much goes on, so not everybody may read them: a caller on this machine may,
 * unless a proxy speaks for somebody else; anybody else needs the token that the operator chose.
 *
 * @throws FastChatError `unauthorized`
 */
export function metricsRoute(services: Services): Handler<Carried> {
  const { metrics, metricsToken, addressOf, hub, lease, store } = services
  return async context => {
    const forwardedFor = context.req.header('x-forwarded-for') ?? context.req.header('forwarded')
    const isHere = forwardedFor === undefined && LOOPBACK.test(addressOf(context.env, undefined))
    if (!isHere && !isToken(context.req.header('authorization'), metricsToken)) {
      throw new FastChatError('unauthorized', 'Cannot show metrics: ask from this machine, or with the token')
    }
    const waiting = await store.messages.estimate().catch(() => Number.NaN)
    const page = await metrics.page({
      connections: () => hub.size,
      inFlight: () => hub.unacked,
      waiting: () => waiting,
      streamSilenceMs: () => lease.silenceMs,
      streamLagMs: () => lease.lagMs,
    })
    return context.body(page.text, 200, { 'content-type': page.contentType })
  }
}

function isToken(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || authorization === undefined) return false
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`))
}
