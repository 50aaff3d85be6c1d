import { randomBytes } from 'node:crypto'
import type { KnownContent } from '../../schema/content.ts'
import { deviceOfKid, type GroupId, type MessageId, type Recipient } from '../../schema/ids.ts'
import type { Destination } from '../../schema/jose.ts'
import { nextMessageId } from '../core/message-id.ts'
import { thumbprint } from '../crypto/keys.ts'
import { directRoster, groupConversation, groupRoster } from '../crypto/roster.ts'
import type { Roster, SenderChain } from '../crypto/types.ts'
import { audienceOf } from './audience.ts'
import { Cipher } from './cipher.ts'
import { readIdentity } from './device.ts'
import type { TestDevice, TestWorld } from './test-world.fixture.ts'

/**
 * For tests of people whose client was changed: what it sends is signed and sealed as it should be, but says what no
 * session of ours would say. `forge()` of changes.fixture.ts cannot: there a true session binds it to the true roster.
 */

/** A chain of such a client, to one device. */
export interface ModifiedChain {
  /** Of its announcement. */
  id: MessageId
  /** Seals a message and brings it to the device, as a server would. */
  say(content: KnownContent, options?: { sentAt?: number }): Promise<MessageId>
  /** Seals a message that nobody is brought, so that the next one follows a gap. */
  lose(): Promise<void>
}

interface Ends {
  from: TestDevice
  to: TestDevice
}

interface ChainRequest extends Ends {
  destination: Destination
  roster: Roster
  /** Where the server says that it was sent to. */
  at: Recipient
  /** While false its announcement is not brought, and nothing of it can be opened. */
  isAnnounced?: boolean
}

const lastIds = new WeakMap<TestWorld, MessageId>()

/** An id of the present time of the world, later than the one before. */
export function newId(world: TestWorld): MessageId {
  const id = nextMessageId(lastIds.get(world), { nowMs: world.clock.now(), random: randomBytes(10) })
  lastIds.set(world, id)
  return id
}

/** A chain of the conversation of two people. */
export async function directChain(
  world: TestWorld,
  { from, to, isAnnounced = true }: Ends & { isAnnounced?: boolean },
): Promise<ModifiedChain> {
  const own = { user: from.userId, key: await thumbprint(from.accountKey) }
  const destination = { user: to.userId, key: await thumbprint(to.accountKey) }
  const roster = directRoster(own, destination)
  return await begin(world, { from, to, destination, roster, at: { user: to.userId }, isAnnounced })
}

/** A chain of a group, bound to whichever epoch of it the sender chooses. */
export async function groupChain(
  world: TestWorld,
  { from, to, group, epoch }: Ends & { group: GroupId; epoch: number },
): Promise<ModifiedChain> {
  const states = world.server.groups.groups.get(group)?.states ?? []
  const [first] = states
  const state = states[epoch]
  if (!first || !state) throw new Error(`Cannot begin chain: ${group} has no epoch ${epoch}`)
  const roster = groupRoster(state, { conv: groupConversation(first.head) })
  return await begin(world, { from, to, destination: { group }, roster, at: { group } })
}

/** A chain of a group that the sender made up, or is not in. */
export async function inventedChain(
  world: TestWorld,
  { from, to, group, epoch = 0, at = { group } }: Ends & { group: GroupId; epoch?: number; at?: Recipient },
): Promise<ModifiedChain> {
  const state = { group, epoch, head: 'A'.repeat(43), members: {} }
  const roster = groupRoster(state, { conv: 'B'.repeat(43) })
  return await begin(world, { from, to, destination: { group }, roster, at })
}

/** Waits until a device has taken in what it was brought. */
export async function untilTaken(
  world: TestWorld,
  { id, by }: { id: MessageId; by: TestDevice },
): Promise<void> {
  await world.until('it to be taken in', () => world.server.acked(by.deviceId).includes(id))
}

async function begin(
  world: TestWorld,
  { from, to, destination, roster, at, isAnnounced = true }: ChainRequest,
): Promise<ModifiedChain> {
  const identity = readIdentity(from.store)
  if (!identity) throw new Error(`Cannot begin chain: ${from.userId} has no identity`)
  const cipher = await Cipher.create(identity)
  const prekey = await prekeyOf(world, { cipher, to })
  const now = world.clock.now()
  const audience = audienceOf([to.deviceId])
  const { state, body } = await cipher.makeChain({
    party: { roster, destination },
    audience,
    now,
    prekeys: [prekey],
  })
  const entry = body?.recipients.find(({ header }) => deviceOfKid(header.kid) === to.deviceId)
  if (!body || !entry) throw new Error(`Cannot begin chain: it is not for ${to.userId}`)
  const { recipients: _, ...sealed } = body
  const about = { t: 'message', from: from.userId, device: from.deviceId, to: at, storedAt: now } as const
  const id = newId(world)
  if (isAnnounced) {
    world.server.push(to.deviceId, { ...about, kind: 'chain', id, body: { ...sealed, ...entry } })
  }
  let chain: SenderChain = state
  const seal = async (content: KnownContent, sentAt: number) => {
    const message = newId(world)
    const made = await cipher.seal({ chain, id: message, sentAt, content })
    chain = made.chain
    return { ...about, kind: 'message', id: message, body: made.body } as const
  }
  return {
    id,
    async say(content, { sentAt = world.clock.now() } = {}) {
      const frame = await seal(content, sentAt)
      world.server.push(to.deviceId, frame)
      return frame.id
    },
    async lose() {
      await seal({ type: 'text', text: 'lost' }, world.clock.now())
    },
  }
}

async function prekeyOf(world: TestWorld, { cipher, to }: { cipher: Cipher; to: TestDevice }) {
  const { userId, deviceId } = to
  const known = world.server.devices.get(deviceId)
  const accountKey = world.server.accounts.get(userId)?.accountKey
  if (!known || !accountKey) throw new Error(`Cannot begin chain: ${userId} is unknown`)
  const { certificate, signedPrekey: jws } = known
  const key = await cipher.verifyDevice({ userId, deviceId, certificate, accountKey })
  const device = { deviceId, certificate, key }
  return await cipher.checkPrekey({ device, jws, use: 'signed', now: world.clock.now() })
}
