import { createHash } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import type { GroupHeadResponse } from '../../schema/http.ts'
import type { GroupId } from '../../schema/ids.ts'
import { type RosterClaims, type RosterMember, typ } from '../../schema/jose.ts'
import { sign, type TestDevice, type TestPerson } from './person.ts'
import { ask, expectStatus } from './test-client.ts'

export interface SignedEvent {
  event: string
  /** The group after it. */
  head: GroupHeadResponse
}

export async function rosterMember({ userId, accountKey }: TestPerson): Promise<RosterMember> {
  return { user: userId, key: await calculateJwkThumbprint(accountKey) }
}

/**
 * An event of a group, signed by a person.
 *
 * @param options `after`: what it follows, null for the first one; `change` spoils its claims, `type` and `kid` its header
 */
export async function rosterEvent(
  by: TestPerson,
  {
    group,
    op,
    members,
    after,
    change = {},
    type = typ.roster,
    kid,
  }: {
    group: GroupId
    op: RosterClaims['op']
    members: readonly TestPerson[]
    after: GroupHeadResponse | null
    change?: Record<string, unknown>
    type?: string
    kid?: string
  },
): Promise<SignedEvent> {
  const epoch = after === null ? 0 : after.epoch + 1
  const claims: RosterClaims = {
    group,
    epoch,
    prev: after?.head ?? null,
    op,
    by: by.userId,
    key: by.accountKey,
    members: await Promise.all(members.map(rosterMember)),
    iat: Date.now(),
  }
  const { key: signer } = await rosterMember(by)
  const event = await sign({ ...claims, ...change }, { key: by.privateKey, typ: type, kid: kid ?? signer })
  return { event, head: { group, epoch, head: createHash('sha256').update(event).digest('base64url') } }
}

/** Makes a group at a server; the first person is its admin. */
export async function makeGroup(
  server: { url: string },
  {
    group,
    by,
    members,
    token,
  }: { group: GroupId; by: TestDevice; members: readonly TestDevice[]; token: string },
): Promise<GroupHeadResponse> {
  const { event } = await rosterEvent(by.person, {
    ...{ group, op: 'create', after: null },
    members: members.map(({ person }) => person),
  })
  const answer = await expectStatus(ask(server, { path: '/v1/groups', body: { event }, token }), 201)
  return answer as GroupHeadResponse
}

/** Makes the next event of a group at a server. */
export async function changeGroup(
  server: { url: string },
  {
    after,
    op,
    by,
    members,
    token,
  }: {
    after: GroupHeadResponse
    op: RosterClaims['op']
    by: TestDevice
    members: readonly TestDevice[]
    token: string
  },
): Promise<GroupHeadResponse> {
  const { group } = after
  const { event } = await rosterEvent(by.person, {
    ...{ group, op, after },
    members: members.map(({ person }) => person),
  })
  const path = `/v1/groups/${group}/events`
  return (await expectStatus(ask(server, { path, body: { event }, token }), 200)) as GroupHeadResponse
}
