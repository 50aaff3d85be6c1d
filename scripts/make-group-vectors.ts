import { startChain, transientKey } from '../client/crypto/chain.ts'
import { announceChain } from '../client/crypto/envelope.ts'
import { publicEd25519, publicX25519 } from '../client/crypto/keys.ts'
import { sealMessage } from '../client/crypto/message.ts'
import { kidOf, makePrekey, verifyPrekey } from '../client/crypto/prekeys.ts'
import { followRoster, groupConversation, groupRoster, signRosterEvent } from '../client/crypto/roster.ts'
import { sealTransient } from '../client/crypto/transient.ts'
import { audienceText } from '../schema/ids.ts'
import type { RosterClaims } from '../schema/jose.ts'
import type { RosterState } from '../schema/roster.ts'
import { base64url, NOW, type Person, sha256, uuid } from './vector-people.ts'

/** The vectors of a group: its roster, and a chain in it. */

const GROUP = 'friends'

interface Step {
  by: Person
  op: RosterClaims['op']
  members: Person[]
}

interface Cast {
  alice: Person
  bob: Person
  carol: Person
}

const nameOf = ({ userId, thumbprint }: Person) => ({ user: userId, key: thumbprint })

/** Every kind of event once: alice and bob stay, and it is bob's group in the end. */
export async function rosterVector({ alice, bob, carol }: Cast) {
  const plan: Step[] = [
    { by: alice, op: 'create', members: [bob] },
    { by: alice, op: 'add', members: [carol] },
    { by: alice, op: 'promote', members: [bob] },
    { by: bob, op: 'remove', members: [carol] },
    { by: bob, op: 'add', members: [carol] },
    { by: bob, op: 'demote', members: [alice] },
    { by: carol, op: 'leave', members: [carol] },
  ]
  const events: { by: string; op: string; jws: string; hash: string; members: RosterState['members'] }[] = []
  let state: RosterState | null = null
  for (const step of plan) {
    const { event, hash } = await sign(state, step)
    const after: RosterState = (await followRoster(state, event)).state
    events.push({ by: step.by.userId, op: step.op, jws: event, hash, members: after.members })
    state = after
  }
  if (state === null) throw new Error('Cannot make vectors: the group has no events')
  return {
    group: GROUP,
    conv: groupConversation(events[0]?.hash ?? ''),
    events,
    head: state.head,
    refused: await refusedEvents(state, { alice, bob, carol }),
  }
}

/** Events that are signed well and may not follow the last one; and the last one, its signature written otherwise. */
async function refusedEvents(last: RosterState, { alice, bob, carol }: Cast) {
  const plain = await sign(last, { by: alice, op: 'add', members: [carol] })
  const outside = await sign(last, { by: carol, op: 'add', members: [carol] })
  const forked = await sign(
    { ...last, head: sha256('another history') },
    { by: bob, op: 'add', members: [carol] },
  )
  const again = await sign({ ...last, epoch: last.epoch - 1 }, { by: bob, op: 'add', members: [carol] })
  const stranger = await sign(last, { by: bob, op: 'remove', members: [carol] })
  const lastAdmin = await sign(last, { by: bob, op: 'leave', members: [bob] })
  const good = await sign(last, { by: bob, op: 'add', members: [carol] })
  return [
    { why: 'alice is no admin any more', code: 'not_an_admin', jws: plain.event },
    { why: 'carol is no member any more', code: 'not_an_admin', jws: outside.event },
    { why: 'prev is not the hash of the last event', code: 'bad_roster', jws: forked.event },
    { why: 'the epoch is taken', code: 'bad_roster', jws: again.event },
    { why: 'carol cannot be removed: she is not in it', code: 'bad_roster', jws: stranger.event },
    { why: 'no admin would be left', code: 'last_admin', jws: lastAdmin.event },
    {
      why: 'the last character of the signature is another one',
      code: 'bad_roster',
      jws: otherwise(good.event),
    },
  ]
}

function sign(before: RosterState | null, { by, op, members }: Step) {
  const epoch = before === null ? 0 : before.epoch + 1
  const prev = before === null ? null : before.head
  const claims = { group: GROUP, epoch, prev, op, members: members.map(nameOf), iat: NOW + 1000 * epoch }
  return signRosterEvent(claims, by)
}

/** The same bytes in base64url that nobody writes: the last character of a signature has four bits to spare. */
function otherwise(jws: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return jws.slice(0, -1) + alphabet.charAt(alphabet.indexOf(jws.slice(-1)) ^ 1)
}

/** A chain of alice's in that group, to a one-time prekey of bob's; a message of it, and one that is transient. */
export async function groupVector(
  { alice, bob }: Cast,
  { events, conv }: { events: { jws: string }[]; conv: string },
) {
  let state: RosterState | null = null
  for (const { jws } of events) state = (await followRoster(state, jws)).state
  if (state === null) throw new Error('Cannot make vectors: the group has no events')
  const prekey = await makePrekey(bob, { use: 'one-time', now: NOW })
  const { deviceId, deviceKey } = bob
  const checked = await verifyPrekey(prekey.jws, {
    ...{ deviceId, deviceKey: publicEd25519(deviceKey), use: 'one-time', now: NOW },
  })
  const chain = startChain({
    roster: groupRoster(state, { conv }),
    to: { group: GROUP },
    audience: sha256(audienceText([deviceId])),
    now: NOW,
  })
  const { tk = '', ...shown } = chain
  const content = { type: 'text', text: 'Hello all' } as const
  const message = { id: uuid(200), sentAt: NOW + 1000, content }
  const typing = { id: uuid(201), sentAt: NOW + 2000, content: { type: 'typing', isTyping: true } as const }
  const t = NOW + 2000
  return {
    prekey: { kid: kidOf(checked), privateKey: prekey.key, publicKey: publicX25519(prekey.key) },
    state: shown,
    body: await announceChain(chain, { ...alice, signer: alice, prekeys: [checked] }),
    message: { n: 0, ...message, jwe: (await sealMessage(message, { chain, signer: alice })).jwe },
    transient: {
      ...{ t, ...typing, transientKey: tk, messageKey: base64url(transientKey(tk, t)) },
      jwe: await sealTransient(typing, { chain, signer: alice, t }),
    },
  }
}
