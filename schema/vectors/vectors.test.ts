import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  calculateJwkThumbprint,
  compactDecrypt,
  compactVerify,
  type FlattenedJWE,
  flattenedDecrypt,
  type GeneralJWE,
  generalDecrypt,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
} from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

// Long because it uses nothing of ours, so the few JOSE helpers it needs stand in it.

/** Checks the vectors with `jose` and the platform alone: nothing of this project but the JSON files is read. */

const test = suite('vectors')

interface Person {
  userId: string
  deviceId: string
  accountKey: JWK
  deviceKey: JWK
  thumbprint: string
}
interface Prekey {
  userId: string
  deviceId: string
  deviceKey: JWK
  id: string
  kid: string
  use: string
  privateKey: JWK
  publicKey: JWK
  jws: string
}
interface Chain {
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
}
interface Message {
  n: number
  id: string
  sentAt: number
  content: object
  chainKey: string
  messageKey: string
  nextChainKey: string
  jwe: string
}
interface Roster {
  group: string
  events: { by: string; jws: string; hash: string }[]
  admins: string[]
  members: string[]
  rosterHash: string
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'))
const { people } = read<{ people: Person[] }>('keys')
const prekeys = read<Prekey[]>('prekeys')
const chain = read<Chain>('chain')
const messages = read<Message[]>('messages')

const bytes = (base64url: string) => new Uint8Array(Buffer.from(base64url, 'base64url'))
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const person = (userId: string) => found(people.find(each => each.userId === userId))

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Cannot find a part of the vectors')
  return value
}

function publicOf({ kty, crv, x }: JWK): JWK {
  return { kty, crv, x } as JWK
}

async function hkdf(secret: Uint8Array<ArrayBuffer>, info: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const salt = new Uint8Array(0)
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt, info: new TextEncoder().encode(info) }
  return Buffer.from(await crypto.subtle.deriveBits(parameters, key, 256)).toString('base64url')
}

async function verified(jws: string, { key, typ }: { key: JWK; typ: string }) {
  const options = { algorithms: ['EdDSA'] }
  const { payload, protectedHeader } = await compactVerify(
    jws,
    await importJWK(publicOf(key), 'EdDSA'),
    options,
  )
  assert.is(protectedHeader.typ, typ)
  return { claims: JSON.parse(new TextDecoder().decode(payload)), header: protectedHeader }
}

async function opened(jwe: string, key: string) {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, bytes(key), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
    maxDecompressedLength: 0,
  })
  return { plaintext, header: protectedHeader }
}

async function fails(promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => 'accepted',
    () => 'refused',
  )
  assert.is(outcome, 'refused')
}

test('keys: each public part belongs to its private part, and the thumbprint is RFC 7638', async () => {
  assert.is(people.length, 3)
  for (const { accountKey, deviceKey, thumbprint } of people) {
    assert.is(await calculateJwkThumbprint(publicOf(accountKey)), thumbprint)
    for (const key of [accountKey, deviceKey]) {
      const data = new TextEncoder().encode('x')
      const algorithm = { name: 'Ed25519' }
      const privateKey = await crypto.subtle.importKey('jwk', key, algorithm, false, ['sign'])
      const publicKey = await crypto.subtle.importKey('jwk', publicOf(key), algorithm, false, ['verify'])
      const signature = await crypto.subtle.sign(algorithm, privateKey, data)
      assert.ok(await crypto.subtle.verify(algorithm, publicKey, signature, data))
    }
  }
})

test('certificate: the account key certifies the device key', async () => {
  const { userId, deviceId, jws } = read<{ userId: string; deviceId: string; jws: string }>('certificate')
  const { accountKey, deviceKey } = person(userId)
  const { claims, header } = await verified(jws, { key: accountKey, typ: 'fastchat-device+jws' })
  assert.equal(header, { alg: 'EdDSA', typ: 'fastchat-device+jws' })
  assert.equal(claims, { sub: userId, dev: deviceId, jwk: publicOf(deviceKey), iat: claims.iat })
  await fails(verified(jws, { key: person('bob').accountKey, typ: 'fastchat-device+jws' }))
})

test('assertion: a JWT by the device key, for one server, of 60 seconds', async () => {
  const { server, issuedAt, jws } = read<{ server: string; issuedAt: number; jws: string }>('assertion')
  const { userId, deviceId, deviceKey } = person('alice')
  const { payload, protectedHeader } = await jwtVerify(jws, await importJWK(publicOf(deviceKey), 'EdDSA'), {
    algorithms: ['EdDSA'],
    ...{ typ: 'fastchat-assertion+jwt', audience: server, issuer: deviceId, subject: userId },
    currentDate: new Date(issuedAt * 1000),
  })
  assert.is(protectedHeader.kid, deviceId)
  assert.is(payload.exp, issuedAt + 60)
})

test('password: HKDF splits the output of Argon2id into authKey and vaultKey', async () => {
  const { argon2id, authKey, vaultKey } = read<{ argon2id: string; authKey: string; vaultKey: string }>(
    'password',
  )
  assert.is(await hkdf(bytes(argon2id), 'fastchat/auth'), authKey)
  assert.is(await hkdf(bytes(argon2id), 'fastchat/vault'), vaultKey)
})

test('vault: the account key under the vault key, bound to the user', async () => {
  const vector = read<Record<string, string>>('vault')
  const { userId = '', vaultKey = '', vault = '', storageKey = '', wrappedStorageKey = '' } = vector
  const { accountKey } = person(userId)
  const box = await opened(vault, vaultKey)
  assert.equal(box.header, { alg: 'dir', enc: 'A256GCM', use: 'vault', sub: userId })
  assert.equal(JSON.parse(new TextDecoder().decode(box.plaintext)), accountKey)
  assert.is(vector.accountKeyThumbprint, person(userId).thumbprint)
  await fails(opened(vault, storageKey))
  const homeKey = await hkdf(bytes(accountKey.d ?? ''), 'fastchat/home')
  const wrapped = await opened(wrappedStorageKey, homeKey)
  assert.equal(wrapped.header, { alg: 'dir', enc: 'A256GCM', use: 'home', sub: userId })
  assert.is(new TextDecoder().decode(wrapped.plaintext), storageKey)
})

test('direct: a conversation is the hash of both thumbprints, sorted', () => {
  const vectors = read<{ members: string[]; conv: string }[]>('direct')
  assert.is(vectors.length, 6)
  for (const { members, conv } of vectors) {
    const thumbprints = members.map(userId => person(userId).thumbprint).sort()
    assert.is(conv, sha256(`fastchat/direct\n${thumbprints.join('\n')}`))
  }
})

test('prekeys: the device signs the public part, with an end when it is not for one use', async () => {
  assert.equal(
    prekeys.map(({ use }) => use),
    ['one-time', 'signed'],
  )
  for (const { deviceId, deviceKey, id, kid, use, privateKey, publicKey, jws } of prekeys) {
    const { claims } = await verified(jws, { key: deviceKey, typ: 'fastchat-prekey+jws' })
    const end = use === 'signed' ? { exp: claims.iat + 30 * 24 * 60 * 60 * 1000 } : {}
    assert.equal(claims, { dev: deviceId, id, use, jwk: publicKey, iat: claims.iat, ...end })
    assert.equal(publicOf(privateKey), publicKey)
    assert.is(kid, `${deviceId}/${id}`)
    await fails(verified(jws, { key: person('carol').deviceKey, typ: 'fastchat-prekey+jws' }))
  }
})

test('chain: each device opens its own entry, and finds what the sending device signed', async () => {
  const { recipients, ...shared } = chain.body
  assert.is(recipients.length, prekeys.length)
  const alice = person('alice')
  for (const { kid, privateKey } of prekeys) {
    const entry = found(recipients.find(({ header }) => header?.kid === kid))
    const key = await importJWK(privateKey, 'ECDH-ES+A256KW')
    const flattened: FlattenedJWE = { ...shared, ...entry }
    const { plaintext } = await flattenedDecrypt(flattened, key, {
      keyManagementAlgorithms: ['ECDH-ES+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxDecompressedLength: 0,
    })
    const jws = new TextDecoder().decode(plaintext)
    const { claims } = await verified(jws, { key: alice.deviceKey, typ: 'fastchat-chain+jws' })
    const { chain: id, ck, n, conv, epoch, roster, to, createdAt: iat } = chain.state
    assert.equal(claims, {
      ...{ sub: 'alice', dev: alice.deviceId, accountKey: publicOf(alice.accountKey) },
      ...{ certificate: read<{ jws: string }>('certificate').jws },
      ...{ to, conv, epoch, roster, chain: id, ck, n, iat },
    })
  }
})

test('chain: it is bound to the conversation, and nobody else opens it', async () => {
  const { conv, epoch, roster, to } = chain.state
  assert.equal(to, { user: 'bob', key: person('bob').thumbprint })
  assert.equal([epoch, roster], [0, conv])
  assert.is(
    conv,
    sha256(
      `fastchat/direct\n${['alice', 'bob']
        .map(id => person(id).thumbprint)
        .sort()
        .join('\n')}`,
    ),
  )
  const { privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'X25519' })
  await fails(generalDecrypt(chain.body, privateKey))
})

test('messages: the keys follow from the chain key, one after the other', async () => {
  let expected = chain.state.ck
  for (const [index, { n, chainKey, messageKey, nextChainKey }] of messages.entries()) {
    assert.is(n, index)
    assert.is(chainKey, expected)
    assert.is(await hkdf(bytes(chainKey), 'fastchat/message'), messageKey)
    assert.is(await hkdf(bytes(chainKey), 'fastchat/chain'), nextChainKey)
    expected = nextChainKey
  }
  assert.is(messages.length, 3)
})

test('messages: each is a JWS by the device, padded, under its own message key', async () => {
  const { deviceId, deviceKey } = person('alice')
  const { chain: id, conv, epoch, roster } = chain.state
  for (const message of messages) {
    const { plaintext, header } = await opened(message.jwe, message.messageKey)
    assert.equal(header, { alg: 'dir', enc: 'A256GCM', kid: id, n: message.n })
    const jws = new TextDecoder().decode(plaintext).replace(/\0+$/, '')
    assert.is(plaintext.length, padme(jws.length))
    const { claims } = await verified(jws, { key: deviceKey, typ: 'fastchat-message+jws' })
    assert.equal(claims, {
      ...{ sub: 'alice', dev: deviceId, conv, epoch, roster, chain: id, n: message.n },
      ...{ id: message.id, iat: message.sentAt, content: message.content },
    })
    await fails(opened(message.jwe, message.nextChainKey))
  }
})

/** As the paper has it, in its own words: E = log2 L, S = log2 E + 1, the last E - S bits are zero. */
function padme(length: number): number {
  const exponent = 31 - Math.clz32(length)
  const significant = 32 - Math.clz32(exponent)
  const mask = (1 << (exponent - significant)) - 1
  return (length + mask) & ~mask
}

test('roster: each event names the one before it and is signed by somebody who was an admin then', async () => {
  const { group, events, admins, members, rosterHash } = read<Roster>('roster')
  const are = { admins: new Set<string>(), members: new Set<string>() }
  let prev: string | null = null
  for (const [epoch, { by, jws, hash }] of events.entries()) {
    const signer = person(by)
    const { claims, header } = await verified(jws, { key: signer.accountKey, typ: 'fastchat-roster+jws' })
    assert.is(header.kid, signer.thumbprint)
    assert.equal([claims.group, claims.epoch, claims.prev], [group, epoch, prev])
    assert.is(claims.memberAK, person(claims.member).thumbprint)
    assert.ok(epoch === 0 ? claims.op === 'create' && claims.member === by : are.admins.has(by))
    assert.ok(claims.op !== 'admin' || are.members.has(claims.member))
    if (claims.op === 'create' || claims.op === 'admin') are.admins.add(claims.member)
    are.members.add(claims.member)
    prev = sha256(jws)
    assert.is(prev, hash)
  }
  assert.is(events.length, 4)
  assert.equal([[...are.admins], [...are.members], prev], [admins, members, rosterHash])
})

test.run()
