import { Hono } from 'hono'
import * as v from 'valibot'
import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import { type GroupHeadResponse, RosterEventRequest, type RosterEventsResponse } from '../../schema/http.ts'
import { GroupId, type UserId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { applyRosterEvent, type VerifiedEvent } from '../../schema/roster.ts'
import { checkRosterEvent, thumbprint } from '../auth/signatures.ts'
import { groupOf, rosterOf } from '../core/roster.ts'
import { readBody } from './body.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'

/** How many people's groups are counted at the same time for one request. */
const COUNTS_AT_ONCE = 16
/** Of one answer with events, characters: a client reads no answer without end. */
const MAX_EVENTS_CHARS = 2 * 1024 * 1024

const From = v.pipe(
  v.optional(v.string(), '0'),
  v.regex(/^\d{1,9}$/, 'expected a number'),
  v.transform(text => Number(text)),
)

/** Groups by their signed events, for those who have an access token. */
export function groupRoutes(services: Services): Hono<Carried> {
  const { store, rates, clock, limits, hub } = services
  const app = new Hono<Carried>()
  app.use('/groups', requireCaller(services))
  app.use('/groups/*', requireCaller(services))

  /** An event that is signed by whoever sends it. @throws FastChatError `rate_limited`, `bad_roster` */
  async function verified(jws: string, by: UserId): Promise<VerifiedEvent> {
    if (!rates.rosterEvents.take(by, { nowMs: clock.now() })) {
      throw new FastChatError('rate_limited', 'Cannot change group: too many changes in a minute, try later')
    }
    const accountKey = (await store.accounts.accountKeys([by])).get(by)
    if (!accountKey) throw new FastChatError('unauthorized', 'Cannot change group: there is no such account')
    return await checkRosterEvent(jws, { by, accountKey })
  }

  app.post('/groups', async context => {
    const { event: jws } = await readBody(context, { schema: RosterEventRequest, limits })
    const event = await verified(jws, context.get('caller').userId)
    const { group } = event.claims
    const exists = () => new FastChatError('group_exists', `Cannot make group ${group}: the id is taken`)
    if (!(await isStored(event))) {
      if (await store.groups.lastEvent(group)) throw exists()
      if (!(await append(jws, { event, before: null }))) throw exists()
    }
    return context.json(headOf(event), 201)
  })

  app.post('/groups/:id/events', async context => {
    const { userId } = context.get('caller')
    const id = parse(GroupId, context.req.param('id'), { what: 'group id' })
    const { event: jws } = await readBody(context, { schema: RosterEventRequest, limits })
    const event = await verified(jws, userId)
    const { group, epoch } = event.claims
    if (group !== id)
      throw new FastChatError('bad_roster', 'Cannot change group: the event is of another one')
    // Also by somebody who has left by it: the answer was lost.
    if (!(await isStored(event))) {
      const before = await hub.groups.now(id)
      if (!before?.memberIds.includes(userId)) throw unknown(id)
      if (epoch <= before.epoch || !(await append(jws, { event, before }))) {
        throw new FastChatError('stale_roster', `Cannot change group ${id}: somebody else has changed it`)
      }
    }
    return context.json(headOf(event))
  })

  app.get('/groups/:id/events', async context => {
    const { userId } = context.get('caller')
    const group = parse(GroupId, context.req.param('id'), { what: 'group id' })
    const from = parse(From, context.req.query('from'), { what: 'query "from"' })
    const [last, about] = await Promise.all([
      store.groups.lastEvent(group),
      store.groups.lastAbout(group, userId),
    ])
    if (!last || !about) throw unknown(group)
    // Whoever is in it no more learns how that came, and nothing after it.
    const to = about.op === 'remove' || about.op === 'leave' ? about.epoch : last.epoch
    const events = await store.groups.events(group, { from, to, limit: limits.maxRosterEvents })
    return context.json({
      group,
      events: withinBounds(events.map(({ event }) => event)),
      last: to,
    } satisfies RosterEventsResponse)
  })

  /** Whether the very same event was stored before; what follows from it is then made good. */
  async function isStored({ hash, claims }: VerifiedEvent): Promise<boolean> {
    if (!(await store.groups.findEvent(hash))) return false
    await hub.groups.now(claims.group)
    return true
  }

  /** @returns false when another event was first. @throws FastChatError of `applyRosterEvent`; `unknown_user`, `too_large` */
  async function append(
    jws: string,
    { event, before }: { event: VerifiedEvent; before: GroupDocument | null },
  ): Promise<boolean> {
    const { hash, claims } = event
    const { group, epoch, op, by, members } = claims
    const named = members.map(({ user }) => user)
    const keys = await thumbprints([by, ...named])
    const roster = before && rosterOf(before, userId => keys.get(userId) ?? '')
    const after = applyRosterEvent(roster, event)
    const subjects = op === 'create' ? [by, ...named] : named
    if (op === 'create' || op === 'add') {
      for (const { user, key } of members) {
        const known = keys.get(user)
        if (known === undefined) {
          throw new FastChatError('unknown_user', `Cannot add ${user}: there is no such user`)
        }
        if (known !== key) {
          throw new FastChatError('bad_roster', `Cannot add ${user}: that is not the key of their account`)
        }
      }
      await checkRoom(subjects)
    }
    const createdAt = new Date(Math.round(services.lease.now()))
    const document: RosterEventDocument = {
      ...{ _id: hash, group, epoch, op, by, subjects, createdAt },
      event: jws,
    }
    return await hub.groups.append(document, groupOf(after, before?.createdAt ?? createdAt))
  }

  async function thumbprints(userIds: readonly UserId[]): Promise<Map<UserId, string>> {
    const keys = await store.accounts.accountKeys(userIds)
    return new Map(
      await Promise.all([...keys].map(async ([userId, key]) => [userId, await thumbprint(key)] as const)),
    )
  }

  async function checkRoom(userIds: readonly UserId[]): Promise<void> {
    for (let from = 0; from < userIds.length; from += COUNTS_AT_ONCE) {
      await Promise.all(
        userIds.slice(from, from + COUNTS_AT_ONCE).map(async userId => {
          if ((await store.groups.countOf(userId)) < limits.maxGroups) return
          throw new FastChatError(
            'too_large',
            `Cannot add ${userId}: nobody is in over ${limits.maxGroups} groups`,
          )
        }),
      )
    }
  }

  return app
}

function headOf({ hash, claims: { group, epoch } }: VerifiedEvent): GroupHeadResponse {
  return { group, epoch, head: hash }
}

/** As many events as an answer has room for, at least one. */
function withinBounds(events: readonly string[]): string[] {
  let chars = 0
  const end = events.findIndex((event, index) => {
    chars += event.length
    return index > 0 && chars > MAX_EVENTS_CHARS
  })
  return end === -1 ? [...events] : events.slice(0, end)
}

/** The same for a group that does not exist and for one that is none of somebody's business. */
function unknown(group: GroupId): FastChatError {
  return new FastChatError('unknown_group', `Cannot find group ${group}: there is none that you are in`)
}
