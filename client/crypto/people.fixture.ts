import * as assert from 'uvu/assert'
import type { Base64Url32, DeviceId, UserId } from '../../schema/ids.ts'
import type { ChainClaims, FlattenedJwe, GeneralJwe, RosterClaims, RosterMember } from '../../schema/jose.ts'
import { isMember, type RosterState } from '../../schema/roster.ts'
import { certifyDevice } from './certificate.ts'
import { startChain } from './chain.ts'
import { announceChain, type ChainReader, type KnownRoster, openChain } from './envelope.ts'
import { generateKey, thumbprint } from './keys.ts'
import { makePrekey, verifyPrekey } from './prekeys.ts'
import { directRoster, followRoster, groupConversation, groupRoster, signRosterEvent } from './roster.ts'
import type { Prekey, PrivateJwk, ReceiverChain, SenderChain, Signer } from './types.ts'

/** For tests: people with devices and prekeys, and what they say to each other. */

export const NOW = 1_790_000_000_000

/** A UUIDv7 with this number. */
export function uuid(number: number): string {
  return `01900000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

export interface TestDevice extends Signer {
  accountKey: PrivateJwk
  certificate: string
  key: Base64Url32
  prekey: Prekey
}

let devices = 0

/** A new device; of an account that is there already when its key is given. */
export async function createDevice(userId: UserId, account?: PrivateJwk): Promise<TestDevice> {
  const accountKey = account ?? (await generateKey('Ed25519'))
  const deviceKey = await generateKey('Ed25519')
  devices += 1
  const deviceId: DeviceId = uuid(0xd0000 + devices)
  const signer = { userId, deviceId, deviceKey }
  const certificate = await certifyDevice({ ...signer, accountKey, now: NOW })
  const prekey = await makePrekey(signer, { use: 'one-time', now: NOW })
  return { ...signer, accountKey, certificate, key: await thumbprint(accountKey), prekey }
}

/** A chain from one device to somebody, announced to these devices. */
export async function announce(
  from: TestDevice,
  { to, devices = [to] }: { to: TestDevice; devices?: TestDevice[] },
): Promise<{ chain: SenderChain; body: GeneralJwe }> {
  const chain = startChain({
    roster: directRoster({ user: from.userId, key: from.key }, { user: to.userId, key: to.key }),
    to: { user: to.userId, key: to.key },
    audience: from.key,
    now: NOW,
  })
  return { chain, body: await seal(chain, { from, devices }) }
}

/** Seals the announcement of a chain, whatever is in it, to these devices. */
export async function seal(
  chain: SenderChain,
  { from, devices }: { from: TestDevice; devices: TestDevice[] },
): Promise<GeneralJwe> {
  const prekeys = await Promise.all(
    devices.map(({ prekey, deviceId, deviceKey }) =>
      verifyPrekey(prekey.jws, { deviceId, deviceKey: publicPart(deviceKey), use: prekey.use, now: NOW }),
    ),
  )
  return await announceChain(chain, { ...from, signer: from, prekeys })
}

/** What a server makes of an announcement for one device. */
export function entryOf(body: GeneralJwe, { deviceId }: TestDevice): FlattenedJwe {
  const { recipients, ...shared } = body
  const entry = recipients.find(({ header }) => header.kid.startsWith(`${deviceId}/`))
  if (!entry) throw new Error('Cannot find entry: the chain is not for this device')
  return { ...shared, ...entry }
}

/** Opens an announcement as `reader`, said to be from `from`. */
export function open(
  jwe: FlattenedJwe,
  {
    from,
    reader,
    pinned = from.key,
    group,
  }: { from: TestDevice; reader: TestDevice; pinned?: Base64Url32 | null; group?: ChainReader['group'] },
) {
  return openChain(jwe, {
    self: { userId: reader.userId, thumbprint: reader.key, deviceId: reader.deviceId },
    prekey: reader.prekey.key,
    from: from.userId,
    device: from.deviceId,
    pinned,
    ...(group ? { group } : {}),
  })
}

/** Both ends of a new chain. */
export async function connect(
  from: TestDevice,
  to: TestDevice,
): Promise<{ sender: SenderChain; receiver: ReceiverChain }> {
  const { chain, body } = await announce(from, { to })
  const opened = await open(entryOf(body, to), { from, reader: to })
  return { sender: chain, receiver: opened.chain }
}

/** Somebody as a roster event names them. */
export function memberOf({ userId, key }: TestDevice): RosterMember {
  return { user: userId, key }
}

export interface TestGroup {
  conv: Base64Url32
  state: RosterState
  events: string[]
}

/** A group that `by` makes with these members. */
export async function createGroup(
  by: TestDevice,
  { group, members, iat = NOW }: { group: string; members: TestDevice[]; iat?: number },
): Promise<TestGroup> {
  const claims = { group, epoch: 0, prev: null, op: 'create', members: members.map(memberOf), iat } as const
  const { event, hash } = await signRosterEvent({ ...claims, members: [...claims.members] }, by)
  const { state } = await followRoster(null, event)
  return { conv: groupConversation(hash), state, events: [event] }
}

/** The event that would follow a state, by whoever, allowed or not. */
export function signNext(
  before: RosterState,
  { by, op, members }: { by: TestDevice; op: RosterClaims['op']; members: TestDevice[] },
): Promise<{ event: string; hash: Base64Url32 }> {
  const { group, epoch, head: prev } = before
  const claims = { group, epoch: epoch + 1, prev, op, members: members.map(memberOf), iat: NOW }
  return signRosterEvent(claims, by)
}

/**
 * What one state of a group says of a chain that names it.
 *
 * @param state the verified state of the chain's group and epoch, undefined when there is none
 * @returns undefined when it is not the state that the chain names
 */
export function rosterOfChain(
  state: RosterState | undefined,
  {
    claims,
    conv,
    self,
  }: {
    claims: Pick<ChainClaims, 'to' | 'epoch' | 'roster' | 'sub'>
    conv: Base64Url32
    self: { userId: UserId; thumbprint: Base64Url32 }
  },
): KnownRoster | undefined {
  const isNamed =
    state !== undefined &&
    'group' in claims.to &&
    claims.to.group === state.group &&
    claims.epoch === state.epoch &&
    claims.roster === state.head
  if (!isNamed) return undefined
  const keyOf = (userId: UserId) => (isMember(state, userId) ? state.members[userId]?.key : undefined)
  const isSelfIn = keyOf(self.userId) === self.thumbprint
  return { conv, memberKey: (isSelfIn ? keyOf(claims.sub) : undefined) ?? null }
}

/** A chain of `from` for a group as it was then, announced to these devices. */
export async function announceToGroup(
  from: TestDevice,
  { conv, state, devices }: Pick<TestGroup, 'conv' | 'state'> & { devices: TestDevice[] },
): Promise<{ chain: SenderChain; body: GeneralJwe }> {
  const chain = startChain({
    roster: groupRoster(state, { conv }),
    to: { group: state.group },
    audience: from.key,
    now: NOW,
  })
  return { chain, body: await seal(chain, { from, devices }) }
}

export function publicPart({ kty, x }: PrivateJwk) {
  return { kty, crv: 'Ed25519', x } as const
}

/** The promise must fail with this code, and with the one message that every failure of that kind has. */
export async function refused(promise: Promise<unknown>, code: string): Promise<Error> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Error)
    assert.is((error as { code?: unknown }).code, code, (error as Error).message)
    if (code === 'cannot_decrypt') {
      assert.is((error as Error).message, 'Cannot decrypt message: it is damaged or not for this device')
      assert.is((error as Error).cause, undefined)
    }
    return error as Error
  }
  throw new Error(`Cannot pass: expected ${code}, but it was accepted`)
}
