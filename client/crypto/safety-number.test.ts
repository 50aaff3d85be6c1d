import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createDevice } from './people.fixture.ts'
import { type KeyOwner, safetyNumber } from './safety-number.ts'

const test = suite('safety-number')
const owner = async (user: string): Promise<KeyOwner> => ({ user, key: (await createDevice(user)).key })
const alice = await owner('alice')
const bob = await owner('bob')

/** As PROTOCOL.md has it, in the plainest words. */
function half({ user, key }: KeyOwner): string {
  const keyBytes = Buffer.from(key, 'base64url')
  let digest = Buffer.concat([Buffer.from('fastchat/safety-number\n'), keyBytes, Buffer.from(user)])
  for (let round = 1; round <= 5200; round++) {
    digest = createHash('sha512')
      .update(Buffer.concat([digest, keyBytes]))
      .digest()
  }
  let digits = ''
  for (let at = 0; at < 30; at += 5) {
    const number = BigInt(`0x${digest.subarray(at, at + 5).toString('hex')}`) % 100_000n
    digits += number.toString().padStart(5, '0')
  }
  return digits
}

test('`safetyNumber()` is what PROTOCOL.md says, the same for both people', async () => {
  const expected = [half(alice), half(bob)].sort().join('')
  for (const { digits } of [await safetyNumber(alice, bob), await safetyNumber(bob, alice)]) {
    assert.is(digits, expected)
    assert.match(digits, /^\d{60}$/)
  }
})

test('`safetyNumber()` gives the digits as text for a QR code too', async () => {
  const { digits, qr } = await safetyNumber(alice, bob)
  assert.is(Buffer.from(qr).toString(), `FASTCHAT:1:${digits}`)
})

test('`safetyNumber()` is another one when either key or either name is', async () => {
  const { digits } = await safetyNumber(alice, bob)
  const { key } = await owner('mallory')
  const others = [
    await safetyNumber({ ...alice, key }, bob),
    await safetyNumber(alice, { ...bob, key }),
    await safetyNumber(alice, { ...bob, user: 'mallory' }),
    await safetyNumber({ ...alice, key: bob.key }, { ...bob, key: alice.key }),
    await safetyNumber(alice, alice),
  ]
  assert.is(new Set([digits, ...others.map(other => other.digits)]).size, 6)
})

test('`safetyNumber()` lets others go on meanwhile', async () => {
  let turns = 0
  let isDone = false
  const count = (): void => {
    turns += 1
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await safetyNumber(alice, bob)
  isDone = true
  assert.ok(turns >= 20, String(turns))
})

test.run()
