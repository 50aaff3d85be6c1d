import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Kdf } from '../../schema/http.ts'
import type { Ed25519Jwk, FlattenedJwe, GeneralJwe, X25519Jwk } from '../../schema/jose.ts'
import { toBase64Url } from './bytes.ts'
import { verifyCertificate } from './certificate.ts'
import { openChain } from './envelope.ts'
import { decryptFile, encryptFile } from './file-cipher.ts'
import { publicEd25519, thumbprint } from './keys.ts'
import { openLabel } from './label.ts'
import { openMessage } from './message.ts'
import { derivePasswordKeys } from './password.ts'
import { rosterOfChain } from './people.fixture.ts'
import { verifyPrekey } from './prekeys.ts'
import { directConversation, extendRoster, followRoster, groupConversation } from './roster.ts'
import { safetyNumber } from './safety-number.ts'
import { recoveryKeys } from './sealed-account.ts'
import { openTransient } from './transient.ts'
import type { PrivateJwk, SenderChain } from './types.ts'
import { openVault, unwrapStorageKey } from './vault.ts'

/** The published vectors, read by our own code: who checks them with `jose` alone checks what this program does. */

const test = suite('vectors in client/crypto')
const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../schema/vectors/${name}.json`, import.meta.url), 'utf8'))
interface Person {
  deviceId: string
  accountKey: PrivateJwk
  deviceKey: PrivateJwk
  thumbprint: string
}
interface VectorPrekey {
  deviceId: string
  deviceKey: Ed25519Jwk
  use: 'signed' | 'one-time'
  privateKey: PrivateJwk
  publicKey: X25519Jwk
  jws: string
}
const { people } = read<{ people: [Person, Person] }>('keys')
const [alice, bob] = people
const vectors = {
  chain: read<{ state: SenderChain; body: GeneralJwe }>('chain'),
  messages: read<{ id: string; sentAt: number; content: object; jwe: string }[]>('messages'),
  prekeys: read<[VectorPrekey, VectorPrekey]>('prekeys'),
}

test('`derivePasswordKeys()` gives the keys of the vector', async () => {
  const { password, kdf, authKey, vaultKey } = read<{
    password: string
    kdf: Kdf
    authKey: string
    vaultKey: string
  }>('password')
  const keys = await derivePasswordKeys(password, kdf)
  assert.equal([keys.authKey, toBase64Url(keys.vaultKey)], [authKey, vaultKey])
})

test('`recoveryKeys()` gives the keys of the vector', () => {
  const { code = '', authKey, vaultKey } = read<Record<string, string>>('recovery')
  const keys = recoveryKeys(code)
  assert.equal([keys.authKey, toBase64Url(keys.vaultKey)], [authKey, vaultKey])
})

test('`openVault()` and `unwrapStorageKey()` give the keys of the vector', async () => {
  const vector = read<Record<string, string>>('vault')
  const { userId = '', vault = '', vaultKey = '', storageKey, wrappedStorageKey = '' } = vector
  const accountKey = await openVault(vault, { userId, vaultKey: Buffer.from(vaultKey, 'base64url') })
  assert.equal(accountKey, alice.accountKey)
  assert.is(toBase64Url(await unwrapStorageKey(wrappedStorageKey, { userId, accountKey })), storageKey)
})

test('`verifyCertificate()` and `verifyPrekey()` accept those of the vectors', async () => {
  const { userId, deviceId, jws } = read<Record<'userId' | 'deviceId' | 'jws', string>>('certificate')
  const accountKey = publicEd25519(alice.accountKey)
  const key = await verifyCertificate(jws, { userId, deviceId, accountKey })
  assert.equal(key, publicEd25519(alice.deviceKey))
  for (const { publicKey, ...prekey } of vectors.prekeys) {
    const now = vectors.chain.state.createdAt
    assert.is((await verifyPrekey(prekey.jws, { ...prekey, now })).x, publicKey.x)
  }
})

test('`directConversation()` and `thumbprint()` give those of the vectors', async () => {
  const [one, other] = [await thumbprint(alice.accountKey), await thumbprint(bob.accountKey)]
  assert.equal([one, other], [alice.thumbprint, bob.thumbprint])
  assert.is(directConversation(one, other), vectors.chain.state.conv)
})

test('`openChain()` and `openMessage()` read the conversation of the vectors', async () => {
  const { recipients, ...shared } = vectors.chain.body
  const entry = { ...shared, ...(recipients[0] ?? assert.unreachable()) } as FlattenedJwe
  const sender = { from: 'alice', device: alice.deviceId }
  const opened = await openChain(entry, {
    self: { userId: 'bob', thumbprint: bob.thumbprint, deviceId: bob.deviceId },
    prekey: vectors.prekeys[0].privateKey,
    ...{ ...sender, pinned: alice.thumbprint },
  })
  let { chain } = opened
  for (const { jwe, id, content, sentAt } of vectors.messages) {
    const message = await openMessage({ jwe, id, ...sender }, { chain })
    assert.equal([message.claims.content, message.claims.iat], [content, sentAt])
    chain = message.chain
  }
})

interface Roster {
  conv: string
  events: { jws: string; members: object }[]
  head: string
  refused: { why: string; code: string; jws: string }[]
}
interface Sealed {
  id: string
  sentAt: number
  content: object
  jwe: string
}

test('`followRoster()` follows the roster of the vectors, and refuses what it must', async () => {
  const { conv, events, head, refused } = read<Roster>('roster')
  const { state, added } = await extendRoster(
    null,
    events.map(({ jws }) => jws),
  )
  assert.equal([state.head, state.members], [head, events.at(-1)?.members])
  assert.is(groupConversation(added[0]?.hash ?? ''), conv)
  for (const { why, code, jws } of refused) {
    const outcome = await followRoster(state, jws).catch((error: { code: string }) => error.code)
    assert.is(outcome, code, why)
  }
})

test('`openChain()`, `openMessage()` and `openTransient()` read the group of the vectors', async () => {
  const { conv, events } = read<Roster>('roster')
  const { state } = await extendRoster(
    null,
    events.map(({ jws }) => jws),
  )
  const vector = read<{
    prekey: { privateKey: PrivateJwk }
    body: GeneralJwe
    message: Sealed
    transient: Sealed & { t: number }
  }>('group')
  const { recipients, ...shared } = vector.body
  const entry = { ...shared, ...(recipients[0] ?? assert.unreachable()) } as FlattenedJwe
  const sender = { from: 'alice', device: alice.deviceId }
  const self = { userId: 'bob', thumbprint: bob.thumbprint, deviceId: bob.deviceId }
  const { chain } = await openChain(entry, {
    ...{ self, prekey: vector.prekey.privateKey, ...sender, pinned: alice.thumbprint },
    group: claims => rosterOfChain(state, { claims, conv, self }),
  })
  const { message, transient } = vector
  const opened = await openMessage({ jwe: message.jwe, id: message.id, ...sender }, { chain })
  assert.equal([opened.claims.content, opened.claims.iat], [message.content, message.sentAt])
  const moment = await openTransient(
    { jwe: transient.jwe, id: transient.id, ...sender },
    { chain, lastT: undefined, now: transient.sentAt },
  )
  assert.equal([moment.content, moment.t], [transient.content, transient.t])
})

test('`encryptFile()` makes the blobs of the vectors, and `decryptFile()` the files', async () => {
  const files = read<{ key: string; size: number; sha256: string; blobSha256: string }[]>('file')
  const sha256 = (parts: Uint8Array[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest('base64url')
  async function* stream(parts: Uint8Array[]) {
    yield* parts
  }
  for (const { key, size, blobSha256, ...file } of files) {
    const plaintext = new Uint8Array(size).map((_, index) => index % 251)
    const blob: Uint8Array[] = []
    for await (const piece of encryptFile(stream([plaintext]), { key, size })) blob.push(piece)
    assert.is(sha256(blob), blobSha256)
    const back: Uint8Array[] = []
    for await (const bytes of decryptFile(stream(blob), { key, size })) back.push(bytes)
    assert.is(sha256(back), file.sha256)
  }
})

test('`safetyNumber()` and `openLabel()` give those of the vectors', async () => {
  const numbers = read<{ users: string[]; digits: string; qr: string }[]>('safety')
  const [first] = numbers
  const owners = [
    { user: 'alice', key: alice.thumbprint },
    { user: 'bob', key: bob.thumbprint },
  ] as const
  const { digits, qr } = await safetyNumber(...owners)
  assert.equal({ users: ['alice', 'bob'], digits, qr: Buffer.from(qr).toString() }, first)
  const { jwe = '', name, deviceId = '' } = read<Record<string, string>>('label')
  assert.is(await openLabel(jwe, { deviceId, accountKey: alice.accountKey }), name)
})

test.run()
