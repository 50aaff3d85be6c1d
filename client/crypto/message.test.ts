import fc from 'fast-check'
import { CompactEncrypt } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type MessageClaims, MessageJwe, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { fromBase64Url, utf8 } from './bytes.ts'
import { step, takeKey } from './chain.ts'
import { signJws } from './jws.ts'
import { openMessage, readMessageHeader, sealMessage } from './message.ts'
import { pad } from './padding.ts'
import { connect, createDevice, NOW, refused, type TestDevice, uuid } from './people.fixture.ts'
import type { ReceiverChain, SenderChain } from './types.ts'

// Long because every way to tamper with a message is one test, and they share one cast.

const test = suite('message')
const alice = await createDevice('alice')
const bob = await createDevice('bob')
const carol = await createDevice('carol')

interface Sealed {
  jwe: string
  id: string
}
const text = (n: number) => ({ type: 'text', text: `message ${n}` }) as const
const frame = ({ jwe, id }: Sealed, from: TestDevice = alice) => ({
  ...{ jwe, id, from: from.userId, device: from.deviceId },
})

/** The next `count` messages of a chain. */
async function sealMany(
  sender: SenderChain,
  count: number,
): Promise<{ sealed: Sealed[]; chain: SenderChain }> {
  const sealed: Sealed[] = []
  let chain = sender
  for (let n = 0; n < count; n++) {
    const id = uuid(chain.n)
    const next = await sealMessage({ id, sentAt: NOW, content: text(chain.n) }, { chain, signer: alice })
    sealed.push({ jwe: next.jwe, id })
    chain = next.chain
  }
  return { sealed, chain }
}

/** A message under the right key, as another member of the chain could make it: the claims are whatever they want. */
async function forge(
  sender: SenderChain,
  options: {
    claims?: Partial<MessageClaims>
    by?: TestDevice
    header?: Record<string, unknown>
    typ?: 'message' | 'chain'
  } = {},
): Promise<Sealed> {
  const { claims = {}, by = alice, header = {} } = options
  const { conv, epoch, roster, chain, n } = sender
  const id = uuid(n)
  const all = {
    ...{ sub: 'alice', dev: alice.deviceId, conv, epoch, roster, chain, n, id, iat: NOW, content: text(n) },
    ...claims,
  }
  const jws = await signJws(all, { key: by.deviceKey, typ: typ[options.typ ?? 'message'] })
  return { jwe: await encrypt(sender, jws, header), id }
}

async function encrypt(sender: SenderChain, inner: string, header: Record<string, unknown> = {}) {
  return await new CompactEncrypt(pad(utf8(inner)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: sender.chain, n: sender.n, ...header })
    .encrypt(fromBase64Url(step(sender.ck).messageKey))
}

test('`openMessage()` opens what `sealMessage()` sealed, one after the other', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const { sealed } = await sealMany(sender, 5)
  let chain = receiver
  for (const [n, each] of sealed.entries()) {
    parse(MessageJwe, each.jwe, { what: 'message' })
    assert.equal(readMessageHeader(each.jwe), { chain: sender.chain, n })
    const opened = await openMessage(frame(each), { chain })
    assert.equal(opened.claims.content, text(n))
    assert.is(opened.claims.iat, NOW)
    chain = opened.chain
  }
  assert.is(chain.n, 5)
})

test('`sealMessage()` changes nothing in its chain, and forgets the key it used', async () => {
  const { sender } = await connect(alice, bob)
  const before = structuredClone(sender)
  const { chain } = await sealMany(sender, 1)
  assert.equal(sender, before)
  assert.not.ok(JSON.stringify(chain).includes(step(sender.ck).messageKey))
  assert.not.ok(JSON.stringify(chain).includes(sender.ck))
})

test('`sealMessage()` hides text, sender and small differences of length', async () => {
  const { sender: chain } = await connect(alice, bob)
  const seal = async (text: string) =>
    (
      await sealMessage(
        { id: uuid(1), sentAt: NOW, content: { type: 'text', text } },
        { chain, signer: alice },
      )
    ).jwe
  const jwe = await seal('a secret text')
  const bytes = jwe.split('.').map(part => Buffer.from(part, 'base64url').toString('latin1'))
  for (const word of ['secret', 'alice', alice.deviceId]) assert.not.ok(bytes.join().includes(word))
  const lengths = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => (await seal('x'.repeat(200 + n))).length),
  )
  assert.ok(new Set(lengths).size <= 4)
})

test('`sealMessage()` refuses a chain that is used up', async () => {
  const { sender } = await connect(alice, bob)
  const chain = { ...sender, n: limits.maxChainMessages }
  await refused(
    sealMessage({ id: uuid(1), sentAt: NOW, content: text(1) }, { chain, signer: alice }),
    'internal',
  )
})

test('`sealMessage()` takes the longest text, and refuses what no server would take', async () => {
  const { sender: chain, receiver } = await connect(alice, bob)
  const seal = (letter: string) => {
    const content = { type: 'text', text: letter.repeat(limits.maxTextBytes) } as const
    return sealMessage({ id: uuid(1), sentAt: NOW, content }, { chain, signer: alice })
  }
  for (const letter of ['x', '\n', '"']) {
    const { jwe } = await seal(letter)
    const opened = await openMessage(frame({ jwe, id: uuid(1) }), { chain: receiver })
    assert.equal(opened.claims.content, { type: 'text', text: letter.repeat(limits.maxTextBytes) })
  }
  // JSON writes six characters for each.
  await refused(seal('\u0001'), 'too_large')
})

test('`openMessage()` opens messages in any order, each exactly once', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const { sealed } = await sealMany(sender, 8)
  const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
  await fc.assert(
    fc.asyncProperty(orders, async order => {
      let chain = receiver
      for (const n of order) {
        const each = sealed[n]
        assert.ok(each)
        const opened = await openMessage(frame(each), { chain })
        assert.equal(opened.claims.content, text(n))
        chain = opened.chain
        await refused(openMessage(frame(each), { chain }), 'cannot_decrypt')
      }
      assert.equal(chain.skipped, {})
    }),
    { numRuns: 25 },
  )
})

test('`openMessage()` refuses a replay, under its own and under a new id', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const [first] = (await sealMany(sender, 1)).sealed
  assert.ok(first)
  const { chain } = await openMessage(frame(first), { chain: receiver })
  await refused(openMessage(frame(first), { chain }), 'cannot_decrypt')
  await refused(openMessage(frame({ ...first, id: uuid(77) }), { chain }), 'cannot_decrypt')
})

test('`openMessage()` refuses a message that the server gives another id, sender or device', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const [first] = (await sealMany(sender, 1)).sealed
  assert.ok(first)
  await refused(openMessage(frame({ ...first, id: uuid(77) }), { chain }), 'cannot_decrypt')
  await refused(openMessage(frame(first, carol), { chain }), 'cannot_decrypt')
  await refused(openMessage({ ...frame(first), device: carol.deviceId }, { chain }), 'cannot_decrypt')
  await refused(openMessage({ ...frame(first), from: 'carol' }, { chain }), 'cannot_decrypt')
})

test('`openMessage()` leaves the chain as it is when it fails, and opens the true message afterwards', async () => {
  const { sender, receiver } = await connect(alice, bob)
  const before = structuredClone(receiver)
  const forged = await forge(sender, { by: bob })
  await refused(openMessage(frame(forged), { chain: receiver }), 'cannot_decrypt')
  assert.equal(receiver, before)
  const [first] = (await sealMany(sender, 1)).sealed
  assert.ok(first)
  assert.ok(await openMessage(frame(first), { chain: receiver }))
})

test('`openMessage()` refuses what another member wrote in the sender’s chain', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  for (const by of [bob, carol]) {
    await refused(openMessage(frame(await forge(sender, { by })), { chain }), 'cannot_decrypt')
  }
  assert.ok(await openMessage(frame(await forge(sender)), { chain }))
})

test('`openMessage()` refuses a signed message sealed again in another chain', async () => {
  // Bob opens alice's message to him and puts it, signed as it is, into a chain that he has with her and carol.
  const { sender } = await connect(alice, bob)
  const toCarol = await connect(alice, carol)
  const { conv, epoch, roster, chain, n } = sender
  const claims = { sub: 'alice', dev: alice.deviceId, conv, epoch, roster, chain, n, id: uuid(n) }
  const signed = { ...claims, iat: NOW, content: text(0) }
  const inner = await signJws(signed, { key: alice.deviceKey, typ: typ.message })
  const jwe = await encrypt(toCarol.sender, inner)
  await refused(openMessage(frame({ jwe, id: uuid(0) }), { chain: toCarol.receiver }), 'cannot_decrypt')
})

test('`openMessage()` refuses a device that speaks under another name than its chain', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const forged = await forge(sender, { claims: { sub: 'carol' } })
  await refused(openMessage({ ...frame(forged), from: 'carol' }, { chain }), 'cannot_decrypt')
  const { deviceId: device } = carol
  const elsewhere = await forge(sender, { claims: { dev: device } })
  await refused(openMessage({ ...frame(elsewhere), device }, { chain }), 'cannot_decrypt')
})

test('`openMessage()` checks every claim against chain and frame', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const wrong: Partial<MessageClaims>[] = [
    { sub: 'carol' },
    { dev: carol.deviceId },
    { conv: 'X'.repeat(43) },
    { epoch: 1 },
    { roster: 'X'.repeat(43) },
    { chain: 'X'.repeat(22) },
    { n: 1 },
    { id: uuid(77) },
    { iat: -1 },
    { content: { type: 'text', text: '' } },
  ]
  for (const claims of wrong) {
    await refused(openMessage(frame(await forge(sender, { claims })), { chain }), 'cannot_decrypt')
  }
})

test('`openMessage()` refuses what the device signed for another purpose', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  await refused(openMessage(frame(await forge(sender, { typ: 'chain' })), { chain }), 'cannot_decrypt')
})

test('`openMessage()` refuses what is not signed at all', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const none = `${part({ alg: 'none', typ: typ.message })}.${part({})}.`
  for (const inner of [none, part({}), '', JSON.stringify({ content: text(0) })]) {
    const jwe = await encrypt(sender, inner)
    await refused(openMessage(frame({ jwe, id: uuid(0) }), { chain }), 'cannot_decrypt')
  }
})

test('`openMessage()` refuses zip, further header parameters and other algorithms, though the key is right', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const headers = [
    { zip: 'DEF' },
    { jwk: { kty: 'oct', k: sender.ck } },
    { jku: 'https://a.test' },
    { x5u: 'https://a.test' },
    { typ: 'JWE' },
    { n: -1 },
    { n: '0' },
    { n: 0.5 },
    { kid: 'X'.repeat(22) },
  ]
  for (const header of headers) {
    const forged = await forge(sender, { header })
    await refused(openMessage(frame(forged), { chain }), 'cannot_decrypt')
  }
  const key = fromBase64Url(step(sender.ck).messageKey)
  const header = { kid: sender.chain, n: 0 }
  for (const [alg, enc, size] of [
    ['dir', 'A128GCM', 16],
    ['dir', 'A128CBC-HS256', 32],
    ['A256KW', 'A256GCM', 32],
    ['A256GCMKW', 'A256GCM', 32],
  ] as const) {
    const jwe = await new CompactEncrypt(utf8('x'))
      .setProtectedHeader({ alg, enc, ...header })
      .encrypt(key.slice(0, size))
    await refused(openMessage(frame({ jwe, id: uuid(0) }), { chain }), 'cannot_decrypt')
  }
})

test('`openMessage()` refuses damage anywhere, a truncated tag too', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const [first] = (await sealMany(sender, 1)).sealed
  assert.ok(first)
  const parts = first.jwe.split('.')
  const attempts = [0, 2, 3, 4].map(index =>
    parts
      .map((part, i) => (i === index ? (part.startsWith('A') ? 'B' : 'A') + part.slice(1) : part))
      .join('.'),
  )
  attempts.push(first.jwe.slice(0, -6), first.jwe.slice(0, -22), parts.slice(0, 4).join('.'), '', '....')
  for (const jwe of attempts) {
    await refused(openMessage(frame({ ...first, jwe }), { chain }), 'cannot_decrypt')
  }
})

test('`openMessage()` refuses a message moved to another number of its chain', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const { sealed } = await sealMany(sender, 2)
  const [zero, one] = sealed.map(({ jwe }) => jwe.split('.'))
  const jwe = [zero?.[0], ...(one ?? []).slice(1)].join('.')
  await refused(openMessage(frame({ jwe, id: uuid(1) }), { chain }), 'cannot_decrypt')
})

test('`openMessage()` refuses a jump over the limit, and numbers beyond all chains, before any work', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const last = limits.maxChainMessages * 100
  for (const n of [limits.maxSkippedKeys + 1, last, last + 1, Number.MAX_SAFE_INTEGER, 1e300]) {
    const { jwe } = await forge(sender, { header: { n } })
    const started = performance.now()
    await refused(openMessage(frame({ jwe, id: uuid(0) }), { chain }), 'cannot_decrypt')
    assert.ok(performance.now() - started < 200)
  }
})

test('`openMessage()` opens the message behind as many missing ones as the limit allows', async () => {
  const { sender, receiver } = await connect(alice, bob)
  // An honest sender stops after `maxChainMessages`; one that does not is read up to the limit of the receiver.
  const far: ReceiverChain = takeKey(receiver, limits.maxSkippedKeys - 1).chain
  const at: SenderChain = { ...sender, ck: far.ck, n: far.n }
  const opened = await openMessage(frame(await forge(at)), { chain: receiver })
  assert.is(Object.keys(opened.chain.skipped).length, limits.maxSkippedKeys)
})

test('`openMessage()` refuses what is too long, before anything is parsed', async () => {
  const { receiver: chain } = await connect(alice, bob)
  const jwe = `${'A'.repeat(limits.maxMessageJweChars)}..A.A.A`
  await refused(openMessage(frame({ jwe, id: uuid(0) }), { chain }), 'cannot_decrypt')
})

test('`openMessage()` keeps content of a type that is not known yet', async () => {
  const { sender, receiver: chain } = await connect(alice, bob)
  const content = { type: 'poll', question: '?' } as unknown as MessageClaims['content']
  const opened = await openMessage(frame(await forge(sender, { claims: { content } })), { chain })
  assert.equal(opened.claims.content, { type: 'unknown', originally: 'poll' })
})

test('`readMessageHeader()` refuses what is no header of a message', () => {
  for (const jwe of ['', 'a.b.c', '....', `${'e30'}..A.A.A`]) {
    assert.throws(
      () => readMessageHeader(jwe),
      (error: { code: string }) => error.code === 'cannot_decrypt',
    )
  }
})

test.run()
