import { type FlattenedJWE, flattenedDecrypt, type GeneralJWE, importJWK, type JWK } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bytes,
  fails,
  found,
  hkdf,
  opened,
  padme,
  person,
  publicOf,
  read,
  sha256,
  verified,
} from './check.fixture.ts'

/** Checks the vectors of a group: its roster, and a chain in it. */

const test = suite('vectors of a group')

type Members = Record<string, { key: string; isAdmin: boolean }>
interface Roster {
  group: string
  conv: string
  events: { by: string; op: string; jws: string; hash: string; members: Members }[]
  head: string
  refused: { why: string; code: string; jws: string }[]
}
interface Claims {
  group: string
  epoch: number
  prev: string | null
  op: string
  by: string
  key: JWK
  members: { user: string; key: string }[]
  iat: number
}
interface Sealed {
  id: string
  sentAt: number
  content: object
  jwe: string
}
interface Group {
  prekey: { kid: string; privateKey: JWK; publicKey: JWK }
  state: {
    chain: string
    ck: string
    n: number
    conv: string
    epoch: number
    roster: string
    to: object
    createdAt: number
  }
  body: GeneralJWE & { recipients: { header: { kid: string }; encrypted_key: string }[] }
  message: Sealed & { n: number }
  transient: Sealed & { t: number; transientKey: string; messageKey: string }
}

const roster = read<Roster>('roster')
const group = read<Group>('group')
const alice = person('alice')

/** The rules of PROTOCOL.md ("Groups") once more, in the plainest words; throws when an event may not follow. */
function follow(before: Members, { op, by, members }: Claims): Members {
  const after = structuredClone(before)
  const isIn = (user: string) => Object.hasOwn(after, user)
  const must = (isRight: boolean) => {
    if (!isRight) throw new Error('it may not follow')
  }
  if (op === 'create') after[by] = { key: person(by).thumbprint, isAdmin: true }
  else must(op === 'leave' ? isIn(by) : before[by]?.isAdmin === true)
  for (const { user, key } of members) {
    if (op === 'create' || op === 'add') must(!isIn(user))
    else must(isIn(user) && before[user]?.key === key)
    if (op === 'leave') must(user === by)
    if (op === 'remove') must(user !== by)
    if (op === 'remove' || op === 'leave') delete after[user]
    else after[user] = { key, isAdmin: op === 'promote' }
  }
  must(Object.keys(after).length === 0 || Object.values(after).some(({ isAdmin }) => isAdmin))
  return after
}

/** What an event says: signed by the key it names, whose thumbprint is its `kid`; written as base64url is written. */
async function eventOf(jws: string): Promise<{ claims: Claims; kid: string }> {
  const [, payload = '', signature = ''] = jws.split('.')
  const { key }: Claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const { claims, header } = await verified(jws, { key, typ: 'fastchat-roster+jws' })
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature)
    throw new Error('not canonical')
  return { claims, kid: found(header.kid) }
}

test('roster: each event names the one before it and is signed by somebody who could bring it about then', async () => {
  let prev: string | null = null
  let members: Members = {}
  for (const [epoch, { by, op, jws, hash, members: after }] of roster.events.entries()) {
    const { claims, kid } = await eventOf(jws)
    assert.equal([claims.group, claims.epoch, claims.prev], [roster.group, epoch, prev])
    assert.equal([claims.by, claims.op], [by, op])
    assert.equal([claims.key, kid], [publicOf(person(by).accountKey), person(by).thumbprint])
    assert.ok(epoch === 0 || members[by]?.key === kid)
    for (const { user, key } of claims.members) assert.is(key, person(user).thumbprint)
    members = follow(members, claims)
    assert.equal(members, after)
    prev = sha256(jws)
    assert.is(prev, hash)
  }
  assert.equal([...new Set(roster.events.map(({ op }) => op))].sort(), [
    ...['add', 'create', 'demote', 'leave', 'promote', 'remove'],
  ])
  assert.is(prev, roster.head)
})

test('roster: the conversation is the hash of the hash of the first event', () => {
  assert.is(roster.conv, sha256(`fastchat/group\n${found(roster.events[0]).hash}`))
})

test('roster: what is to be refused does not follow from the last event', async () => {
  const last = found(roster.events.at(-1))
  for (const { why, jws } of roster.refused) {
    const reading = eventOf(jws).then(({ claims, kid }) => {
      const isNext = claims.epoch === roster.events.length && claims.prev === last.hash
      if (!isNext || last.members[claims.by]?.key !== kid) throw new Error('it does not follow')
      follow(last.members, claims)
    })
    const outcome = await reading.then(
      () => 'accepted',
      () => 'refused',
    )
    assert.is(outcome, 'refused', why)
  }
  assert.is(roster.refused.length, 7)
})

test('group: a member opens its entry, and finds a chain of the group as the roster has it', async () => {
  const { recipients, ...shared } = group.body
  const { kid, privateKey } = group.prekey
  const entry = found(recipients.find(({ header }) => header?.kid === kid))
  const flattened: FlattenedJWE = { ...shared, ...entry }
  const { plaintext } = await flattenedDecrypt(flattened, await importJWK(privateKey, 'ECDH-ES+A256KW'), {
    keyManagementAlgorithms: ['ECDH-ES+A256KW'],
    contentEncryptionAlgorithms: ['A256GCM'],
    maxDecompressedLength: 0,
  })
  const jws = new TextDecoder().decode(plaintext)
  const { claims } = await verified(jws, { key: alice.deviceKey, typ: 'fastchat-chain+jws' })
  const { chain, ck, n, conv, epoch, roster: head, to, createdAt: iat } = group.state
  assert.equal(claims, {
    ...{ sub: 'alice', dev: alice.deviceId, accountKey: publicOf(alice.accountKey) },
    ...{ certificate: read<{ jws: string }>('certificate').jws },
    ...{ to, conv, epoch, roster: head, chain, ck, n, iat },
  })
  assert.equal(to, { group: roster.group })
  assert.equal([conv, epoch, head], [roster.conv, roster.events.length - 1, roster.head])
  assert.is(found(roster.events.at(-1)).members.alice?.key, alice.thumbprint)
})

test('group: a message of the chain is bound to the group’s conversation, epoch and roster', async () => {
  const { id, sentAt: iat, content, n, jwe } = group.message
  const { chain, conv, epoch, roster: head } = group.state
  const { plaintext, header } = await opened(jwe, await hkdf(bytes(group.state.ck), 'fastchat/message'))
  assert.equal(header, { alg: 'dir', enc: 'A256GCM', kid: chain, n })
  const jws = new TextDecoder().decode(plaintext).replace(/\0+$/, '')
  const { claims } = await verified(jws, { key: alice.deviceKey, typ: 'fastchat-message+jws' })
  const bound = { sub: 'alice', dev: alice.deviceId, conv, epoch, roster: head, chain }
  assert.equal(claims, { ...bound, n, id, iat, content })
})

test('group: a transient message is under a key of its own, out of the chain’s first key and its number', async () => {
  const { id, sentAt: iat, content, t, transientKey, messageKey, jwe } = group.transient
  const { ck, chain, conv, epoch, roster: head } = group.state
  assert.is(await hkdf(bytes(ck), 'fastchat/transient'), transientKey)
  assert.is(await hkdf(bytes(transientKey), `fastchat/transient/${t}`), messageKey)
  const { plaintext, header } = await opened(jwe, messageKey)
  assert.equal(header, { alg: 'dir', enc: 'A256GCM', kid: chain, t })
  const jws = new TextDecoder().decode(plaintext).replace(/\0+$/, '')
  assert.is(plaintext.length, padme(jws.length))
  const { claims } = await verified(jws, { key: alice.deviceKey, typ: 'fastchat-transient+jws' })
  const bound = { sub: 'alice', dev: alice.deviceId, conv, epoch, roster: head, chain }
  assert.equal(claims, { ...bound, t, id, iat, content })
  await fails(opened(jwe, await hkdf(bytes(ck), 'fastchat/message')))
  await fails(opened(jwe, transientKey))
})

test.run()
