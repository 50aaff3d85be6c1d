import { createMiddleware } from 'hono/factory'
import { FastChatError } from '../../schema/errors.ts'
import type { Carried, Services } from './context.ts'

const BEARER = /^Bearer ([A-Za-z0-9_.-]+)$/

/**
 * Lets a request through when its access token is valid and its device was not revoked since (RFC 6750 section 2.1).
 * From there on `context.get('caller')` says who asks.
 */
export function requireCaller({ tokens, store }: Pick<Services, 'tokens' | 'store'>) {
  return createMiddleware<Carried>(async (context, next) => {
    const [, token] = BEARER.exec(context.req.header('authorization') ?? '') ?? []
    if (token === undefined) {
      throw new FastChatError('unauthorized', 'Cannot answer: no access token in Authorization')
    }
    const caller = await tokens.check(token)
    const device = await store.accounts.findDevice(caller.deviceId)
    if (!device) throw new FastChatError('unauthorized', 'Cannot answer: there is no such device')
    if (device.revokedAt) throw new FastChatError('device_revoked', 'Cannot answer: the device is revoked')
    context.set('caller', caller)
    await next()
  })
}
