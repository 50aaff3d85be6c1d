import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Base64Url32 } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { fromBase64Url } from './bytes.ts'
import { decryptFile, encryptedSize, encryptFile, type FileSecret, makeFileKey } from './file-cipher.ts'
import { padmeLength } from './padding.ts'
import { refused } from './people.fixture.ts'

const test = suite('file-cipher')
const PIECE = limits.fileChunkBytes
const SEALED = PIECE + 16
const key = makeFileKey()

/** Bytes in portions of any size, as a disk or a socket gives them. */
async function* stream(bytes: Uint8Array, portion = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += portion) yield bytes.subarray(at, at + portion)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const bytes of source) parts.push(bytes)
  return Buffer.concat(parts)
}

const encrypt = (bytes: Uint8Array, secret: FileSecret = { key, size: bytes.length }) =>
  collect(encryptFile(stream(bytes), secret))
const decrypt = (bytes: Uint8Array, secret: FileSecret) => collect(decryptFile(stream(bytes), secret))
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0

/** Not a byte that was not authentic may come out before the error. */
async function refusedAfterTruth(
  sealed: Uint8Array,
  { secret, file }: { secret: FileSecret; file: Uint8Array },
) {
  const out: Uint8Array[] = []
  const reading = (async () => {
    for await (const bytes of decryptFile(stream(sealed), secret)) out.push(bytes)
  })()
  const error = await refused(reading, 'bad_blob')
  assert.is(error.message, 'Cannot decrypt file: it is damaged or not the one that was sent')
  const length = out.reduce((sum, bytes) => sum + bytes.length, 0)
  assert.ok(isSame(Buffer.concat(out), file.subarray(0, length)))
}

/** A file of three pieces and a bit, and its pieces as they are sealed. */
const file = Buffer.concat([randomBytes(3 * PIECE + 999), Buffer.from([1])])
const sealed = await encrypt(file)
const secret = { key, size: file.length }
const pieces = Array.from({ length: Math.ceil(sealed.length / SEALED) }, (_, index) =>
  sealed.subarray(index * SEALED, (index + 1) * SEALED),
)

test('`makeFileKey()` makes 32 random bytes', () => {
  assert.is(parse(Base64Url32, makeFileKey(), { what: 'key' }).length, 43)
  assert.is.not(makeFileKey(), makeFileKey())
})

test('`decryptFile()` gives the file back, of any size around the borders of pieces, in any portions', async () => {
  const around = (size: number) => fc.integer({ min: Math.max(0, size - 20), max: size + 20 })
  const size = fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    ...[PIECE, 2 * PIECE, 3 * PIECE, PIECE - 16, 2 * PIECE - 2048].map(around),
  )
  const portion = fc
    .constantFrom(1000, 16, SEALED, PIECE, PIECE + 1, 300_000)
    .chain(most => fc.integer({ min: Math.ceil(most / 2), max: most }))
  await fc.assert(
    fc.asyncProperty(size, portion, async (size, portion) => {
      const bytes = randomBytes(size)
      const fresh = { key: makeFileKey(), size }
      const blob = await collect(encryptFile(stream(bytes, portion), fresh))
      assert.is(blob.length, encryptedSize(size))
      assert.ok(isSame(await collect(decryptFile(stream(blob, portion), fresh)), bytes))
    }),
    { numRuns: 60 },
  )
})

test('`encryptFile()` makes of an empty file one tag, which proves that it is empty', async () => {
  const blob = await encrypt(new Uint8Array(0))
  assert.is(blob.length, 16)
  assert.is((await decrypt(blob, { key, size: 0 })).length, 0)
  await refused(decrypt(new Uint8Array(0), { key, size: 0 }), 'bad_blob')
  await refused(decrypt(new Uint8Array(16), { key, size: 0 }), 'bad_blob')
  await refused(decrypt(blob, { key, size: 1 }), 'bad_blob')
  await refused(decrypt(Buffer.concat([blob, blob]), { key, size: 0 }), 'bad_blob')
})

test('`encryptedSize()` tells sizes apart only as Padmé does, and is what comes out', async () => {
  const sizes = [PIECE + 1, PIECE + 2, PIECE + 1900].map(encryptedSize)
  assert.is(new Set(sizes).size, 1)
  for (const size of [0, 1, PIECE, PIECE + 1, 1_000_000]) {
    const padded = padmeLength(size)
    assert.is(encryptedSize(size), padded + 16 * Math.max(1, Math.ceil(padded / PIECE)))
  }
  assert.ok(encryptedSize(23 * 1024 * 1024) <= limits.maxBlobBytes)
})

test('`encryptedSize()` refuses what is no size of a file', async () => {
  for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40 + 1]) {
    assert.throws(
      () => encryptedSize(size),
      (error: { code: string }) => error.code === 'bad_blob',
    )
    await refused(decrypt(sealed, { key, size }), 'bad_blob')
  }
})

test('`encryptFile()` is AES-256-GCM with the nonces that PROTOCOL.md says', async () => {
  const aes = await crypto.subtle.importKey('raw', fromBase64Url(key), 'AES-GCM', false, ['decrypt'])
  const parts: Uint8Array[] = []
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1
    const iv = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, index, isLast ? 1 : 0])
    const data = new Uint8Array(piece)
    parts.push(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, aes, data)))
  }
  const plaintext = Buffer.concat(parts)
  assert.is(plaintext.length, padmeLength(file.length))
  assert.ok(isSame(plaintext.subarray(0, file.length), file))
  assert.ok(plaintext.subarray(file.length).every(byte => byte === 0))
})

test('`encryptFile()` refuses a file that became longer or shorter while it was read', async () => {
  for (const size of [file.length - 1, file.length + 1, 0]) {
    await refused(encrypt(file, { key, size }), 'file_unusable')
  }
})

test('`decryptFile()` refuses a stream that is cut, at a border and within a piece', async () => {
  const lengths = [
    0,
    1,
    15,
    SEALED - 1,
    SEALED,
    SEALED + 1,
    3 * SEALED,
    sealed.length - 16,
    sealed.length - 1,
  ]
  for (const length of lengths) await refusedAfterTruth(sealed.subarray(0, length), { secret, file })
})

test('`decryptFile()` refuses a stream that is cut, though the size was made to fit', async () => {
  // The last piece there is was not sealed as the last.
  for (const count of [1, 2, 3]) {
    const size = count * PIECE
    await refusedAfterTruth(sealed.subarray(0, count * SEALED), { secret: { key, size }, file })
  }
})

test('`decryptFile()` refuses what was put behind the end', async () => {
  const more = [Buffer.alloc(1), Buffer.alloc(SEALED), pieces.at(-1), sealed]
  for (const bytes of more) {
    const longer = Buffer.concat([sealed, bytes ?? assert.unreachable() ?? sealed])
    await refusedAfterTruth(longer, { secret, file })
  }
})

test('`decryptFile()` refuses pieces in another order, left out, or twice', async () => {
  const [zero, one, two, last] = pieces
  assert.is(pieces.length, 4)
  const orders = [
    [one, zero, two, last],
    [zero, two, one, last],
    [zero, one, last],
    [zero, one, one, last],
    [zero, zero, two, last],
    [last, one, two, zero],
    [one, two, last],
  ]
  for (const order of orders) {
    const bytes = Buffer.concat(order.map(piece => piece ?? Buffer.alloc(0)))
    await refusedAfterTruth(bytes, { secret, file })
  }
})

test('`decryptFile()` refuses a changed bit anywhere: text, padding, tag', async () => {
  const places = fc.integer({ min: 0, max: sealed.length * 8 - 1 })
  await fc.assert(
    fc.asyncProperty(places, async place => {
      const changed = Buffer.from(sealed)
      const at = Math.floor(place / 8)
      changed[at] = (changed[at] ?? 0) ^ (1 << (place % 8))
      await refusedAfterTruth(changed, { secret, file })
    }),
    { numRuns: 30, examples: [[0], [sealed.length * 8 - 1], [(SEALED - 1) * 8]] },
  )
})

test('`decryptFile()` refuses another key, another file under the same key, and pieces of another file', async () => {
  await refusedAfterTruth(sealed, { secret: { ...secret, key: makeFileKey() }, file })
  const other = await encrypt(randomBytes(file.length), { key: makeFileKey(), size: file.length })
  await refusedAfterTruth(other, { secret, file })
  const mixed = Buffer.concat([sealed.subarray(0, SEALED), other.subarray(SEALED)])
  await refusedAfterTruth(mixed, { secret, file })
})

test('`decryptFile()` refuses another size: the padding would not be zeros, or not as long', async () => {
  for (const size of [file.length - 1, file.length - 1000, PIECE, 0, 2 * file.length, 10 * file.length]) {
    // The size is what the pieces are counted by, so nothing but a beginning of the file may come out.
    await refusedAfterTruth(sealed, { secret: { key, size }, file })
  }
})

test('`decryptFile()` refuses padding that is not zeros, though it is authentic', async () => {
  // Sealed as a file of the padded length, so a sender of ill will can hide bytes behind the end of another.
  const size = PIECE + 1
  const padded = randomBytes(padmeLength(size))
  const blob = await encrypt(padded)
  assert.is(blob.length, encryptedSize(size))
  await refusedAfterTruth(blob, { secret: { key, size }, file: padded })
})

test('`encryptFile()` never makes the same bytes of the same file under another key', async () => {
  const again = await encrypt(file, { key: makeFileKey(), size: file.length })
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  assert.is.not(hash(again), hash(sealed))
})

test('`encryptFile()` reads no further than it is asked to: a file is never in memory as a whole', async () => {
  let given = 0
  async function* endless() {
    for (;;) {
      given += 1
      yield new Uint8Array(PIECE)
    }
  }
  const size = 20 * 1024 * 1024
  for await (const _ of encryptFile(endless(), { key, size })) break
  assert.ok(given <= 3, String(given))
})

test.run()
