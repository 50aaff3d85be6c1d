import { CompactEncrypt, FlattenedEncrypt } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ChainClaims, FlattenedJwe, GeneralJwe, typ } from '../../schema/jose.ts'
import { parse } from '../../schema/parse.ts'
import { utf8 } from './bytes.ts'
import { certifyDevice } from './certificate.ts'
import { announceChain, ChangedKey } from './envelope.ts'
import { signJws } from './jws.ts'
import { generateKey, publicEd25519, publicX25519, useKey } from './keys.ts'
import {
  announce,
  createDevice,
  entryOf,
  NOW,
  open,
  refused,
  seal,
  type TestDevice,
} from './people.fixture.ts'
import { directConversation } from './roster.ts'
import type { SenderChain } from './types.ts'

// Long because every way to tamper with an announcement is one test, and they share one cast.

const test = suite('envelope')
const alice = await createDevice('alice')
const aliceToo = await createDevice('alice', alice.accountKey)
const bob = await createDevice('bob')
const bobToo = await createDevice('bob', bob.accountKey)
const carol = await createDevice('carol')

/** Seals any text to one device, as an attacker may: the prekeys are public. */
async function sealText(text: string, to: TestDevice, header: Record<string, unknown> = {}) {
  const jwe = await new FlattenedEncrypt(utf8(text))
    .setProtectedHeader({ enc: 'A256GCM', ...header })
    .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW', kid: `${to.deviceId}/${to.prekey.id}` })
    .encrypt(await useKey(publicX25519(to.prekey.key)))
  return jwe as unknown as FlattenedJwe
}

/** Signed claims of a chain from alice to bob, some of them changed. */
async function announcement(
  changes: Partial<ChainClaims> = {},
  by = alice,
  kind: 'chain' | 'message' = 'chain',
) {
  const conv = directConversation(alice.key, bob.key)
  const claims: ChainClaims = {
    sub: 'alice',
    dev: alice.deviceId,
    accountKey: publicEd25519(alice.accountKey),
    certificate: alice.certificate,
    to: { user: 'bob', key: bob.key },
    ...{ conv, epoch: 0, roster: conv, chain: 'C'.repeat(22), ck: 'K'.repeat(43), n: 0, iat: NOW },
    ...changes,
  }
  return await signJws(claims, { key: by.deviceKey, typ: typ[kind] })
}

test('`openChain()` opens what `announceChain()` made, on every device of both people', async () => {
  const { chain, body } = await announce(alice, { to: bob, devices: [bob, bobToo, aliceToo] })
  for (const reader of [bob, bobToo, aliceToo]) {
    const opened = await open(entryOf(body, reader), { from: alice, reader })
    assert.is(opened.senderThumbprint, alice.key)
    assert.equal(opened.chain, {
      ...{ chain: chain.chain, ck: chain.ck, n: 0, skipped: {}, tk: chain.tk },
      ...{ conv: chain.conv, epoch: 0, roster: chain.conv },
      ...{ user: 'alice', device: alice.deviceId, deviceKey: publicEd25519(alice.deviceKey) },
    })
  }
})

test('`announceChain()` makes what the schema says, for one device and for many', async () => {
  for (const devices of [[bob], [bob, bobToo, aliceToo]]) {
    const { body } = await announce(alice, { to: bob, devices })
    assert.is(parse(GeneralJwe, body, { what: 'chain' }).recipients.length, devices.length)
    for (const device of devices) parse(FlattenedJwe, entryOf(body, device), { what: 'entry' })
    assert.not.match(JSON.stringify(body), /alice|bob/)
  }
})

test('`openChain()` takes the first contact on trust, and says whom', async () => {
  const { body } = await announce(alice, { to: bob })
  const opened = await open(entryOf(body, bob), { from: alice, reader: bob, pinned: null })
  assert.is(opened.senderThumbprint, alice.key)
})

test('`openChain()` opens a note to one’s own other device', async () => {
  const { body } = await announce(alice, { to: alice, devices: [aliceToo] })
  assert.ok(await open(entryOf(body, aliceToo), { from: alice, reader: aliceToo }))
})

test('`openChain()` tells of a key that is not the pinned one, when all else is right', async () => {
  const impostor = await createDevice('alice')
  const { body } = await announce(impostor, { to: bob })
  const entry = entryOf(body, bob)
  const error = await refused(
    open(entry, { from: impostor, reader: bob, pinned: alice.key }),
    'account_key_changed',
  )
  assert.instance(error, ChangedKey)
  assert.is((error as ChangedKey).thumbprint, impostor.key)
})

test('`openChain()` tells of no changed key when the certificate or signature is wrong', async () => {
  const impostor = await createDevice('alice')
  const accountKey = publicEd25519(impostor.accountKey)
  const wrong = [
    await announcement({ accountKey, conv: directConversation(impostor.key, bob.key) }),
    await announcement({ accountKey, certificate: impostor.certificate, dev: impostor.deviceId }, carol),
  ]
  for (const text of wrong) {
    const reading = open(await sealText(text, bob), { from: alice, reader: bob })
    await refused(reading, 'cannot_decrypt')
  }
})

test('`openChain()` refuses a chain that its recipient passed on to somebody else', async () => {
  // Bob decrypts alice's announcement and seals it, still signed by her, to carol (surreptitious forwarding).
  const text = await announcement()
  await refused(open(await sealText(text, carol), { from: alice, reader: carol }), 'cannot_decrypt')
  await refused(
    open(await sealText(text, carol), { from: alice, reader: carol, pinned: null }),
    'cannot_decrypt',
  )
})

test('`openChain()` refuses a chain that the server says is by somebody else', async () => {
  const entry = entryOf((await announce(alice, { to: bob })).body, bob)
  await refused(open(entry, { from: carol, reader: bob }), 'cannot_decrypt')
  await refused(open(entry, { from: { ...alice, deviceId: carol.deviceId }, reader: bob }), 'cannot_decrypt')
  await refused(open(entry, { from: { ...alice, userId: 'mallory' }, reader: bob }), 'cannot_decrypt')
})

test('`openChain()` refuses a chain of this very device that somebody sent back', async () => {
  const chain = (await announce(alice, { to: bob })).chain
  const body = await seal(chain, { from: alice, devices: [alice] })
  await refused(open(entryOf(body, alice), { from: alice, reader: alice }), 'cannot_decrypt')
})

test('`openChain()` refuses another account key under one’s own name', async () => {
  const impostor = await createDevice('alice')
  for (const to of [bob, alice]) {
    const { body } = await announce(impostor, { to, devices: [aliceToo] })
    const entry = entryOf(body, aliceToo)
    for (const pinned of [null, alice.key, impostor.key]) {
      await refused(open(entry, { from: impostor, reader: aliceToo, pinned }), 'cannot_decrypt')
    }
  }
})

test('`openChain()` refuses a note to self that names another key for oneself', async () => {
  const { chain } = await announce(alice, { to: bob })
  const wrong: SenderChain = { ...chain, to: { user: 'alice', key: bob.key } }
  const body = await seal(wrong, { from: alice, devices: [aliceToo] })
  await refused(open(entryOf(body, aliceToo), { from: alice, reader: aliceToo }), 'cannot_decrypt')
})

test('`openChain()` refuses a device that the account key did not certify', async () => {
  const attempts = [
    // Certified for another device, by another account, for another person.
    { certificate: aliceToo.certificate },
    { certificate: carol.certificate },
    { certificate: await certifyDevice({ ...alice, accountKey: carol.accountKey, now: NOW }) },
    { certificate: await certifyDevice({ ...alice, userId: 'bob', now: NOW }) },
  ]
  for (const changes of attempts) {
    const jwe = await sealText(await announcement(changes), bob)
    await refused(open(jwe, { from: alice, reader: bob }), 'cannot_decrypt')
  }
})

test('`openChain()` refuses an announcement that another device signed, or signed as something else', async () => {
  for (const text of [
    await announcement({}, aliceToo),
    await announcement({}, carol),
    await announcement({}, alice, 'message'),
  ]) {
    await refused(open(await sealText(text, bob), { from: alice, reader: bob }), 'cannot_decrypt')
  }
})

test('`openChain()` refuses wrong bindings: conversation, epoch, roster, person, key, number', async () => {
  const other = directConversation(alice.key, carol.key)
  const wrong: object[] = [
    { conv: other, roster: other },
    { roster: other },
    { epoch: 1 },
    { to: { user: 'carol', key: bob.key } },
    { to: { user: 'bob', key: carol.key } },
    { to: { user: 'carol', key: carol.key }, conv: other, roster: other },
    { to: { group: 'friends' } },
    { n: 1 },
    { chain: 'short' },
    { ck: '' },
  ]
  for (const changes of wrong) {
    const jwe = await sealText(await announcement(changes), bob)
    await refused(open(jwe, { from: alice, reader: bob }), 'cannot_decrypt')
  }
  const right = await sealText(await announcement(), bob)
  assert.ok(await open(right, { from: alice, reader: bob }))
})

test('`openChain()` refuses what was sealed to another prekey', async () => {
  const { body } = await announce(alice, { to: bob, devices: [bob, bobToo] })
  await refused(open(entryOf(body, bobToo), { from: alice, reader: bob }), 'cannot_decrypt')
  const deleted = { ...bob, prekey: { ...bob.prekey, key: await generateKey('X25519') } }
  await refused(open(entryOf(body, bob), { from: alice, reader: deleted }), 'cannot_decrypt')
})

test('`openChain()` refuses damage anywhere, a truncated tag too', async () => {
  const entry = entryOf((await announce(alice, { to: bob, devices: [bob, bobToo] })).body, bob)
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  const damaged: FlattenedJwe[] = [
    { ...entry, ciphertext: flip(entry.ciphertext) },
    { ...entry, iv: flip(entry.iv) },
    { ...entry, tag: flip(entry.tag) },
    { ...entry, tag: entry.tag.slice(0, 16) },
    { ...entry, tag: '' },
    { ...entry, encrypted_key: flip(entry.encrypted_key) },
    { ...entry, encrypted_key: '' },
    { ...entry, protected: flip(entry.protected) },
    { ...entry, protected: '' },
  ]
  for (const jwe of damaged) await refused(open(jwe, { from: alice, reader: bob }), 'cannot_decrypt')
})

test('`openChain()` refuses an ephemeral key of low order', async () => {
  const entry = entryOf((await announce(alice, { to: bob, devices: [bob, bobToo] })).body, bob)
  for (const first of [0, 1]) {
    const x = Buffer.from([first, ...new Array<number>(31).fill(0)]).toString('base64url')
    const header = { ...entry.header, epk: { kty: 'OKP', crv: 'X25519', x } as const }
    await refused(open({ ...entry, header }, { from: alice, reader: bob }), 'cannot_decrypt')
  }
})

test('`openChain()` refuses other algorithms', async () => {
  const text = utf8(await announcement())
  const key = await useKey(publicX25519(bob.prekey.key))
  const kid = `${bob.deviceId}/${bob.prekey.id}`
  for (const [alg, enc] of [
    ['ECDH-ES', 'A256GCM'],
    ['ECDH-ES+A128KW', 'A256GCM'],
    ['ECDH-ES+A256KW', 'A128GCM'],
    ['ECDH-ES+A256KW', 'A256CBC-HS512'],
  ] as const) {
    const jwe = await new FlattenedEncrypt(text)
      .setProtectedHeader({ enc })
      .setUnprotectedHeader({ alg, kid })
      .encrypt(key)
    const reading = open(jwe as unknown as FlattenedJwe, { from: alice, reader: bob })
    await refused(reading, 'cannot_decrypt')
  }
  const direct = await new CompactEncrypt(text)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.from(bob.prekey.key.x, 'base64url'))
  const [head = '', , iv = '', ciphertext = '', tag = ''] = direct.split('.')
  const jwe = { protected: head, iv, ciphertext, tag, header: { kid }, encrypted_key: '' }
  await refused(open(jwe as unknown as FlattenedJwe, { from: alice, reader: bob }), 'cannot_decrypt')
})

test('`openChain()` refuses compression and any further header parameter', async () => {
  const text = await announcement()
  const headers = [
    { zip: 'DEF' },
    { jwk: publicX25519(bob.prekey.key) },
    { jku: 'https://a.test' },
    { cty: 'x' },
  ]
  for (const header of headers) {
    const jwe = await sealText(text, bob, header)
    await refused(open(jwe, { from: alice, reader: bob }), 'cannot_decrypt')
  }
})

test('`openChain()` refuses what is no announcement, or an endless one', async () => {
  const endless = await announcement({ more: 'x'.repeat(20_000) } as object)
  for (const text of ['', 'text', '{}', 'a.b.c', endless]) {
    await refused(open(await sealText(text, bob), { from: alice, reader: bob }), 'cannot_decrypt')
  }
})

test('`announceChain()` names each device once, and shows the private part of nothing', async () => {
  const { body } = await announce({ ...alice }, { to: bob, devices: [bob, aliceToo] })
  const kids = body.recipients.map(({ header }) => header.kid)
  assert.equal(kids, [`${bob.deviceId}/${bob.prekey.id}`, `${aliceToo.deviceId}/${aliceToo.prekey.id}`])
  const opened = await open(entryOf(body, bob), { from: alice, reader: bob })
  assert.equal(Object.keys(opened.claims.accountKey).sort(), ['crv', 'kty', 'x'])
})

test('`announceChain()` reaches 500 devices in one General JWE of about 206 bytes a device', async () => {
  const prekeys = await Promise.all(
    Array.from({ length: 500 }, async (_, id) => ({
      deviceId: bob.deviceId,
      id: id.toString().padStart(16, 'A'),
      x: (await generateKey('X25519')).x,
    })),
  )
  const { chain } = await announce(alice, { to: bob })
  const body = await announceChain(chain, { ...alice, signer: alice, prekeys })
  const bytes = JSON.stringify(body).length / 500
  assert.ok(bytes < 300, String(bytes))
  assert.is(parse(GeneralJwe, body, { what: 'chain' }).recipients.length, 500)
})

test.run()
