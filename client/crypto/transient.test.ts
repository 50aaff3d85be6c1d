import { CompactEncrypt } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MessageJwe, type TransientClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { fromBase64Url, toBase64Url, utf8 } from './bytes.ts'
import { step, transientKey } from './chain.ts'
import { signJws } from './jws.ts'
import { openMessage, readMessageHeader, sealMessage } from './message.ts'
import { pad } from './padding.ts'
import { connect, createDevice, NOW, refused, type TestDevice, uuid } from './people.fixture.ts'
import { openTransient, readTransientHeader, sealTransient } from './transient.ts'
import type { SenderChain } from './types.ts'

const test = suite('transient')
const alice = await createDevice('alice')
const bob = await createDevice('bob')
const carol = await createDevice('carol')
const id = uuid(1)
const content = { type: 'typing', isTyping: true } as const
const frame = (jwe: string, changes: object = {}) => ({
  ...{ jwe, id, from: 'alice', device: alice.deviceId },
  ...changes,
})
const fresh = { lastT: undefined, now: NOW }
const sealAt = (chain: SenderChain, t = NOW, sentAt = NOW) =>
  sealTransient({ id, sentAt, content }, { chain, signer: alice, t })

/** Under the right key, as another member of the chain could make it: the claims are whatever they want. */
async function forge(
  sender: SenderChain,
  options: {
    claims?: Partial<TransientClaims>
    by?: TestDevice
    header?: Record<string, unknown>
    typ?: 'transient' | 'message'
    inner?: string
  } = {},
): Promise<string> {
  const { claims = {}, by = alice, header = {} } = options
  const { conv, epoch, roster, chain, tk = '' } = sender
  const all = {
    ...{ sub: 'alice', dev: alice.deviceId, conv, epoch, roster, chain, t: 1, id, iat: NOW, content },
    ...claims,
  }
  const signed = await signJws(all, { key: by.deviceKey, typ: typ[options.typ ?? 'transient'] })
  return await new CompactEncrypt(pad(utf8(options.inner ?? signed)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: chain, t: 1, ...header })
    .encrypt(transientKey(tk, 1))
}

test('`openTransient()` opens what `sealTransient()` sealed, whatever was lost before', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  let lastT: number | undefined
  for (const t of [0, 1, 7, NOW, Number.MAX_SAFE_INTEGER]) {
    const jwe = parse(MessageJwe, await sealAt(sender, t), { what: 'message' })
    assert.equal(readTransientHeader(jwe), { chain: sender.chain, t })
    const claims = await openTransient(frame(jwe), { chain, lastT, now: NOW })
    assert.equal([claims.content, claims.t, claims.iat], [content, t, NOW])
    lastT = claims.t
  }
})

test('a transient message takes no number of the chain: messages go on without a gap', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const before = structuredClone([sender, receiver])
  await openTransient(frame(await sealAt(sender)), { chain: receiver, ...fresh })
  assert.equal([sender, receiver], before)
  const text = { type: 'text', text: 'x' } as const
  let chain = { sender, receiver }
  for (const n of [0, 1]) {
    const sealed = await sealMessage(
      { id: uuid(n), sentAt: NOW, content: text },
      { chain: chain.sender, signer: alice },
    )
    const opened = await openMessage(frame(sealed.jwe, { id: uuid(n) }), { chain: chain.receiver })
    chain = { sender: sealed.chain, receiver: opened.chain }
    // Its key stays the same along the chain.
    const t = NOW + n
    await openTransient(frame(await sealAt(chain.sender, t)), { chain: chain.receiver, ...fresh })
  }
  assert.equal(chain.receiver.skipped, {})
})

test('the keys of transient messages and of messages have nothing in common', async () => {
  const { sender } = await connect(alice, bob)
  const { tk = '' } = sender
  const keys = [0, 1, 2].map(t => toBase64Url(transientKey(tk, t)))
  const { messageKey, next } = step(sender.ck)
  assert.is(new Set([...keys, tk, sender.ck, messageKey, next]).size, 7)
})

test('`sealTransient()` hides content and sender, and whether it is typing or not', async () => {
  const { sender: chain } = await connect(alice, bob)
  const jwe = await sealAt(chain)
  const bytes = jwe.split('.').map(part => Buffer.from(part, 'base64url').toString('latin1'))
  for (const word of ['typing', 'alice', alice.deviceId]) assert.not.ok(bytes.join().includes(word))
  const stopped = { type: 'typing', isTyping: false } as const
  const other = await sealTransient({ id, sentAt: NOW, content: stopped }, { chain, signer: alice, t: NOW })
  assert.is(other.length, jwe.length)
})

test('`sealTransient()` refuses a chain without a key for it, and what is too long', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const { tk: _, ...older } = sender
  await refused(sealAt(older), 'internal')
  const { tk: __, ...olderReceiver } = receiver
  await refused(
    openTransient(frame(await sealAt(sender)), { chain: olderReceiver, ...fresh }),
    'cannot_decrypt',
  )
  const long = { type: 'unknown', originally: 'x'.repeat(limits.maxJwsChars) } as const
  await refused(
    sealTransient({ id, sentAt: NOW, content: long }, { chain: sender, signer: alice, t: 1 }),
    'too_large',
  )
})

test('`openTransient()` refuses a replay and whatever is not newer', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const jwe = await sealAt(sender, 5)
  for (const lastT of [5, 6, NOW]) {
    await refused(openTransient(frame(jwe), { chain, lastT, now: NOW }), 'cannot_decrypt')
  }
  assert.ok(await openTransient(frame(jwe), { chain, lastT: 4, now: NOW }))
})

test('`openTransient()` refuses what is older than a minute, or from that far ahead', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const jwe = await sealAt(sender)
  const age = limits.maxTransientAgeMs
  for (const now of [NOW + age + 1, NOW - age - 1]) {
    await refused(openTransient(frame(jwe), { chain, lastT: undefined, now }), 'cannot_decrypt')
  }
  for (const now of [NOW + age, NOW - age]) {
    assert.ok(await openTransient(frame(jwe), { chain, lastT: undefined, now }))
  }
})

test('`openTransient()` refuses one of another chain, of the same sender too', async () => {
  const one = await connect(alice, bob)
  const other = await connect(alice, bob)
  const toCarol = await connect(alice, carol)
  const jwe = await sealAt(one.sender)
  for (const { receiver: chain } of [other, toCarol]) {
    await refused(openTransient(frame(jwe), { chain, ...fresh }), 'cannot_decrypt')
  }
  // The signed text of one chain, sealed again beside another by somebody who has both.
  const { conv, epoch, roster, chain: signedFor } = one.sender
  const claims = { conv, epoch, roster, chain: signedFor }
  const moved = await forge(toCarol.sender, { claims })
  await refused(openTransient(frame(moved), { chain: toCarol.receiver, ...fresh }), 'cannot_decrypt')
})

test('`openTransient()` takes no message, `openMessage()` nothing transient', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const text = { type: 'text', text: 'x' } as const
  const { jwe } = await sealMessage({ id, sentAt: NOW, content: text }, { chain: sender, signer: alice })
  await refused(openTransient(frame(jwe), { chain, ...fresh }), 'cannot_decrypt')
  await refused(openMessage(frame(await sealAt(sender)), { chain }), 'cannot_decrypt')
  assert.throws(() => readTransientHeader(jwe))
  const transient = await sealAt(sender)
  assert.throws(() => readMessageHeader(transient))
  const asMessage = { n: 0, content: text }
  const other = await forge(sender, { typ: 'message', claims: asMessage as object })
  await refused(openTransient(frame(other), { chain, ...fresh }), 'cannot_decrypt')
})

test('`openTransient()` refuses another id, sender or device than the frame’s', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const jwe = await sealAt(sender)
  for (const wrong of [{ id: uuid(2) }, { from: 'carol' }, { device: carol.deviceId }]) {
    await refused(openTransient(frame(jwe, wrong), { chain, ...fresh }), 'cannot_decrypt')
  }
})

test('`openTransient()` refuses a device that speaks under another name than its chain', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const { deviceId: device } = carol
  const asCarol = frame(await forge(sender, { claims: { sub: 'carol' } }), { from: 'carol' })
  const elsewhere = frame(await forge(sender, { claims: { dev: device } }), { device })
  for (const forged of [asCarol, elsewhere]) {
    await refused(openTransient(forged, { chain, ...fresh }), 'cannot_decrypt')
  }
})

test('`openTransient()` checks every claim, and who signed', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const wrong: Partial<TransientClaims>[] = [
    { sub: 'carol' },
    { dev: carol.deviceId },
    { conv: 'X'.repeat(43) },
    { epoch: 1 },
    { roster: 'X'.repeat(43) },
    { chain: 'X'.repeat(22) },
    { t: 2 },
    { id: uuid(77) },
    { iat: -1 },
    { content: { type: 'typing' } as never },
  ]
  for (const claims of wrong) {
    await refused(
      openTransient(frame(await forge(sender, { claims })), { chain, ...fresh }),
      'cannot_decrypt',
    )
  }
  for (const by of [bob, carol]) {
    await refused(openTransient(frame(await forge(sender, { by })), { chain, ...fresh }), 'cannot_decrypt')
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const none = `${part({ alg: 'none', typ: typ.transient })}.${part({})}.`
  for (const inner of [none, '', '{}']) {
    await refused(openTransient(frame(await forge(sender, { inner })), { chain, ...fresh }), 'cannot_decrypt')
  }
  assert.ok(await openTransient(frame(await forge(sender)), { chain, ...fresh }))
})

test('`openTransient()` refuses further header parameters, other numbers, damage, and what is too long', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const headers = [
    ...[{ zip: 'DEF' }, { jwk: {} }, { n: 1 }, { typ: 'JWE' }, { kid: 'X'.repeat(22) }],
    ...[{ t: 2 }, { t: -1 }, { t: '1' }, { t: 0.5 }, { t: 2 ** 53 }],
  ]
  for (const header of headers) {
    await refused(
      openTransient(frame(await forge(sender, { header })), { chain, ...fresh }),
      'cannot_decrypt',
    )
  }
  const jwe = await sealAt(sender)
  const parts = jwe.split('.')
  const attempts = [2, 3, 4].map(index =>
    parts
      .map((part, i) => (i === index ? (part.startsWith('A') ? 'B' : 'A') + part.slice(1) : part))
      .join('.'),
  )
  attempts.push(jwe.slice(0, -6), '', '....', `${'A'.repeat(limits.maxJwsChars)}..A.A.A`)
  for (const damaged of attempts) {
    await refused(openTransient(frame(damaged), { chain, ...fresh }), 'cannot_decrypt')
  }
  const key = fromBase64Url(sender.tk ?? '')
  const wrongKey = await new CompactEncrypt(utf8('x'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: sender.chain, t: 1 })
    .encrypt(key)
  await refused(openTransient(frame(wrongKey), { chain, ...fresh }), 'cannot_decrypt')
})

test('`openTransient()` keeps content of a type that is not known yet', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const claims = { content: { type: 'dancing' } as never }
  const opened = await openTransient(frame(await forge(sender, { claims })), { chain, ...fresh })
  assert.equal(opened.content, { type: 'unknown', originally: 'dancing' })
})

test.run()
