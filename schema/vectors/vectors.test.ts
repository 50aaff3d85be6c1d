import {
  calculateJwkThumbprint,
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
import {
  bytes,
  fails,
  found,
  hkdf,
  opened,
  padme,
  people,
  person,
  publicOf,
  read,
  sha256,
  verified,
} from './check.fixture.ts'

/**
 * Checks the vectors with `jose` and the platform alone: nothing of this project but the JSON files is read, and the helpers
 * beside them.
 */

const test = suite('vectors')

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
const prekeys = read<Prekey[]>('prekeys')
const chain = read<Chain>('chain')
const messages = read<Message[]>('messages')

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

test('recovery: the check symbol is the value modulo 37, and HKDF makes authKey and vaultKey of the other symbols', async () => {
  const { code, symbols, authKey, vaultKey } =
    read<Record<'code' | 'symbols' | 'authKey' | 'vaultKey', string>>('recovery')
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U'
  const value = [...symbols].reduce((sum, letter) => sum * 32n + BigInt(letters.indexOf(letter)), 0n)
  assert.is(code.replaceAll('-', ''), symbols + letters.charAt(Number(value % 37n)))
  const secret = new TextEncoder().encode(symbols)
  assert.is(await hkdf(secret, 'fastchat/recovery-auth'), authKey)
  assert.is(await hkdf(secret, 'fastchat/recovery-vault'), vaultKey)
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

test.run()
