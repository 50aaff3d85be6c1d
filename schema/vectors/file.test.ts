import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bytes, fails, hkdf, opened, padme, person, read } from './check.fixture.ts'

/** Checks the vectors of an encrypted file, of safety numbers and of a device's name with the platform alone. */

const test = suite('vectors of a file, safety numbers, a label')

interface File {
  key: string
  size: number
  sha256: string
  blobSize: number
  blobSha256: string
  tags: string[]
}
const PIECE = 64 * 1024
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('base64url')

test('file: padded with zeros, cut, each piece under AES-256-GCM with a nonce that says where it stands', async () => {
  const files = read<File[]>('file')
  assert.equal(
    files.map(({ size }) => size),
    [0, 70_000],
  )
  for (const { key, size, blobSize, blobSha256, tags, ...file } of files) {
    const plaintext = new Uint8Array(size).map((_, index) => index % 251)
    assert.is(sha256(plaintext), file.sha256)
    const padded = new Uint8Array(size < 2 ? size : padme(size))
    padded.set(plaintext)
    const aes = await crypto.subtle.importKey('raw', bytes(key), 'AES-GCM', false, ['encrypt'])
    const pieces: Buffer[] = []
    for (const index of tags.keys()) {
      const iv = Buffer.alloc(12)
      iv.writeUInt32BE(index, 7)
      iv.writeUInt8(index === tags.length - 1 ? 1 : 0, 11)
      const part = padded.subarray(index * PIECE, (index + 1) * PIECE)
      pieces.push(Buffer.from(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, aes, part)))
    }
    assert.is(pieces.length, Math.max(1, Math.ceil(padded.length / PIECE)))
    assert.equal(
      pieces.map(piece => piece.subarray(-16).toString('base64url')),
      tags,
    )
    const blob = Buffer.concat(pieces)
    assert.equal([blob.length, sha256(blob)], [blobSize, blobSha256])
  }
})

test('safety: 30 digits for each, by SHA-512 over and over, the smaller first', () => {
  const half = (userId: string) => {
    const key = Buffer.from(person(userId).thumbprint, 'base64url')
    let digest = Buffer.concat([Buffer.from('fastchat/safety-number\n'), key, Buffer.from(userId)])
    for (let round = 0; round < 5200; round++) {
      digest = createHash('sha512')
        .update(Buffer.concat([digest, key]))
        .digest()
    }
    return [0, 5, 10, 15, 20, 25]
      .map(at => (digest.readUIntBE(at, 5) % 100_000).toString().padStart(5, '0'))
      .join('')
  }
  const vectors = read<{ users: [string, string]; digits: string; qr: string }[]>('safety')
  assert.is(vectors.length, 3)
  for (const { users, digits, qr } of vectors) {
    assert.is(users.map(half).sort().join(''), digits)
    assert.is(qr, `FASTCHAT:1:${digits}`)
  }
})

test('label: a device’s name, 64 bytes with its padding, under a key that the account key gives', async () => {
  const { userId = '', deviceId = '', name = '', jwe = '' } = read<Record<string, string>>('label')
  const { d = '' } = person(userId).accountKey
  const { plaintext, header } = await opened(jwe, await hkdf(bytes(d), 'fastchat/label'))
  assert.equal(header, { alg: 'dir', enc: 'A256GCM', use: 'label', dev: deviceId })
  assert.is(plaintext.length, 64)
  assert.is(new TextDecoder().decode(plaintext).replace(/\0+$/, ''), name)
  await fails(opened(jwe, await hkdf(bytes(d), 'fastchat/home')))
})

test.run()
