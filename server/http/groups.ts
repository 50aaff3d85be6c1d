import { Hono } from 'hono'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { type GroupHeadResponse, RosterEventRequest, type RosterEventsResponse } from '../../schema/http.ts'
import { GroupId, type UserId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { readBody } from './body.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'

const From = v.pipe(v.string(), v.regex(/^\d{1,9}$/, 'not an epoch'), v.transform(Number))

/** Rosters: made, changed by their admins, read by their members. */
export function groupRoutes(services: Services): Hono<Carried> {
  const { groups, rates, clock, limits } = services
  const app = new Hono<Carried>()
  app.use('/groups', requireCaller(services))
  app.use('/groups/*', requireCaller(services))

  function limit(userId: UserId): void {
    if (rates.rosterEvents.take(userId, { nowMs: clock.now() })) return
    throw new FastChatError('rate_limited', 'Cannot change group: too many changes in a minute, try later')
  }

  app.post('/groups', async context => {
    const { userId } = context.get('caller')
    const { event } = await readBody(context, { schema: RosterEventRequest, limits })
    limit(userId)
    return context.json((await groups.create(event, userId)) satisfies GroupHeadResponse, 201)
  })

  app.post('/groups/:id/events', async context => {
    const { userId } = context.get('caller')
    const group = parse(GroupId, context.req.param('id'), { what: 'group id' })
    const { event } = await readBody(context, { schema: RosterEventRequest, limits })
    limit(userId)
    return context.json((await groups.change(event, { by: userId, group })) satisfies GroupHeadResponse)
  })

  app.get('/groups/:id/events', async context => {
    const { userId } = context.get('caller')
    const group = parse(GroupId, context.req.param('id'), { what: 'group id' })
    const from = parse(From, context.req.query('from') ?? '0', { what: 'query "from"' })
    return context.json((await groups.events(group, { from, userId })) satisfies RosterEventsResponse)
  })

  return app
}
