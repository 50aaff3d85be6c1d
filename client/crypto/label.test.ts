import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LabelJwe } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { fromBase64Url, hkdf, utf8 } from './bytes.ts'
import { sealDirect } from './jwe.ts'
import { openLabel, sealLabel } from './label.ts'
import { createDevice, refused, uuid } from './people.fixture.ts'

const test = suite('label')
const alice = await createDevice('alice')
const mallory = await createDevice('mallory')
const longest = '👋'.repeat(limits.maxDeviceNameBytes / 4)
const keyOf = ({ accountKey }: typeof alice) => hkdf(fromBase64Url(accountKey.d), 'fastchat/label')

test('`openLabel()` gives the name back that `sealLabel()` sealed, on every device of the account', async () => {
  const elsewhere = await createDevice('alice', alice.accountKey)
  for (const name of ['x', 'Bürorechner', ' with spaces ', '\ufeffmark', longest]) {
    const label = parse(LabelJwe, await sealLabel(name, alice), { what: 'label' })
    assert.is(await openLabel(label, { ...elsewhere, deviceId: alice.deviceId }), name)
  }
})

test('`sealLabel()` tells neither the name nor how long it is, nor whether it is the same as before', async () => {
  const labels = await Promise.all(['a', 'the laptop', longest, 'a'].map(name => sealLabel(name, alice)))
  assert.is(new Set(labels.map(({ length }) => length)).size, 1)
  assert.is(new Set(labels).size, 4)
})

test('`sealLabel()` refuses what is no name: nothing, too long, NUL, half a character', async () => {
  for (const name of [
    '',
    `${longest}x`,
    'x'.repeat(limits.maxDeviceNameBytes + 1),
    'a\0b',
    'a\0',
    '\ud83d',
  ]) {
    await refused(sealLabel(name, alice), 'usage')
  }
})

test('`openLabel()` refuses a name that the server put on another device', async () => {
  const label = await sealLabel('laptop', alice)
  await refused(openLabel(label, { ...alice, deviceId: uuid(7) }), 'cannot_decrypt')
})

test('`openLabel()` refuses another account’s name, damage, and what is too long', async () => {
  const label = await sealLabel('laptop', alice)
  await refused(openLabel(label, { ...mallory, deviceId: alice.deviceId }), 'cannot_decrypt')
  const parts = label.split('.')
  const damaged = [2, 3, 4].map(index =>
    parts
      .map((part, i) => (i === index ? (part.startsWith('A') ? 'B' : 'A') + part.slice(1) : part))
      .join('.'),
  )
  for (const wrong of [
    ...damaged,
    '',
    '....',
    label.slice(0, -8),
    label + 'A'.repeat(limits.maxLabelChars),
  ]) {
    await refused(openLabel(wrong, alice), 'cannot_decrypt')
  }
})

test('`openLabel()` refuses what is sealed for another use, has more in its header, or is no name', async () => {
  const key = keyOf(alice)
  const dev = alice.deviceId
  const wrong: { text: string; header: Record<string, string> }[] = [
    { text: 'x', header: { use: 'home', dev } },
    { text: 'x', header: { use: 'label' } },
    { text: 'x', header: { use: 'label', dev, zip: 'DEF' } },
    { text: 'x', header: { use: 'label', dev, kid: 'x' } },
    { text: '', header: { use: 'label', dev } },
    { text: 'x'.repeat(limits.maxDeviceNameBytes + 1), header: { use: 'label', dev } },
  ]
  for (const { text, header } of wrong) {
    const reading = sealDirect(utf8(text), { key, header }).then(label => openLabel(label, alice))
    // `jose` makes no JWE with `zip` by itself, which is as good.
    const outcome = await reading.catch((error: { code: string }) => error.code)
    assert.ok(['cannot_decrypt', 'ERR_JOSE_NOT_SUPPORTED'].includes(outcome), outcome)
  }
  const bytes = await sealDirect(new Uint8Array([0xff, 0xfe]), { key, header: { use: 'label', dev } })
  await refused(openLabel(bytes, alice), 'cannot_decrypt')
  const right = await sealDirect(utf8('x'), { key, header: { use: 'label', dev } })
  assert.is(await openLabel(right, alice), 'x')
})

test.run()
