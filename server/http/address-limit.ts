import type { Context } from 'hono'
import { FastChatError } from '../../schema/errors.ts'
import type { TokenBuckets } from '../core/token-bucket.ts'
import type { Services } from './context.ts'

/** Refuses (`rate_limited`) an address that asks too often. */
export function limitAddress({ addressOf, clock }: Pick<Services, 'addressOf' | 'clock'>) {
  return (context: Context, buckets: TokenBuckets): void => {
    const address = addressOf(context.env, context.req.header('x-forwarded-for'))
    if (buckets.take(address, { nowMs: clock.now() })) return
    throw new FastChatError('rate_limited', 'Cannot answer: too many log-ins from this address, try later')
  }
}
