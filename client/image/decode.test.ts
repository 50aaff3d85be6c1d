import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import type { Picture } from '../chat.ts'
import { createPictureDecoder, decodePicture } from './decode.ts'
import {
  GIF,
  JPEG,
  makePng,
  pixelGif,
  pngChunk,
  QUARTERS,
  quartersPng,
  transparentPng,
  WEBP,
  WEBP_LOSSLESS,
  WEBP_MOVING,
  webpWithCanvas,
  withOrientation,
} from './pictures.fixture.ts'

const test = suite('decodePicture')

const BOX = { maxWidth: 640, maxHeight: 480 }
const MIB = 1024 * 1024
const { colors } = QUARTERS

function pixel({ width, rgb }: Picture, x: number, y: number): number {
  return Buffer.from(rgb, 'base64').readUIntBE((y * width + x) * 3, 3)
}

/** The four corners, a little inside. */
function corners(picture: Picture): number[] {
  const [right, bottom] = [picture.width - 3, picture.height - 3]
  return [
    pixel(picture, 2, 2),
    pixel(picture, right, 2),
    pixel(picture, 2, bottom),
    pixel(picture, right, bottom),
  ]
}

function isNear(a: number, b: number): boolean {
  return [16, 8, 0].every(shift => Math.abs(((a >> shift) & 0xff) - ((b >> shift) & 0xff)) < 40)
}

function assertCorners(picture: Picture, wanted: readonly number[], what: string): void {
  const found = corners(picture)
  const text = found.map(color => color.toString(16)).join(' ')
  assert.ok(
    wanted.every((color, index) => isNear(color, found[index] ?? -1)),
    `${what}: ${text}`,
  )
}

async function assertRefused(promise: Promise<unknown>, what: RegExp): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof FastChatError, String(error))
    assert.is(error.code, 'bad_image')
    assert.match(error.message, what)
    return
  }
  assert.unreachable('it was not refused')
}

const QUARTERS_AS = { png: quartersPng(), jpeg: JPEG, gif: GIF, webp: WEBP, lossless: WEBP_LOSSLESS }
const { topLeft, topRight, bottomLeft, bottomRight } = colors
const UPRIGHT = [topLeft, topRight, bottomLeft, bottomRight]

test('`decodePicture()` decodes PNG, JPEG, GIF and WebP, and leaves small ones as they are', async () => {
  for (const [format, bytes] of Object.entries(QUARTERS_AS)) {
    const picture = await decodePicture(bytes, BOX)
    assert.is(`${picture.width}x${picture.height}`, '32x16', format)
    assert.is(Buffer.from(picture.rgb, 'base64').length, 32 * 16 * 3)
    assertCorners(picture, UPRIGHT, format)
  }
})

test('`decodePicture()` makes large ones smaller, with their proportions', async () => {
  const small = await decodePicture(quartersPng(), { maxWidth: 16, maxHeight: 100 })
  assert.is(`${small.width}x${small.height}`, '16x8')
  assertCorners(small, UPRIGHT, 'smaller')
  const line = await decodePicture(makePng({ width: 3000, height: 2 }), { maxWidth: 60, maxHeight: 60 })
  assert.is(`${line.width}x${line.height}`, '60x1')
})

test('`decodePicture()` shows the first image of a moving one', async () => {
  const picture = await decodePicture(WEBP_MOVING, BOX)
  assert.is(`${picture.width}x${picture.height}`, '32x8')
  assertCorners(picture, [topLeft, topRight, topLeft, topRight], 'first')
})

test('`decodePicture()` turns a picture the way it is to be seen', async () => {
  const seen: Record<number, readonly number[]> = {
    1: UPRIGHT,
    2: [topRight, topLeft, bottomRight, bottomLeft],
    3: [bottomRight, bottomLeft, topRight, topLeft],
    4: [bottomLeft, bottomRight, topLeft, topRight],
    5: [topLeft, bottomLeft, topRight, bottomRight],
    6: [bottomLeft, topLeft, bottomRight, topRight],
    7: [bottomRight, topRight, bottomLeft, topLeft],
    8: [topRight, bottomRight, topLeft, bottomLeft],
  }
  for (const [orientation, wanted] of Object.entries(seen)) {
    const picture = await decodePicture(withOrientation(JPEG, Number(orientation)), BOX)
    assert.is(`${picture.width}x${picture.height}`, Number(orientation) >= 5 ? '16x32' : '32x16')
    assertCorners(picture, wanted, orientation)
  }
})

test('`decodePicture()` puts what is transparent on grey', async () => {
  assert.is(pixel(await decodePicture(transparentPng(0xff0000, 0), BOX), 1, 1), 0x606060)
  assert.is(pixel(await decodePicture(transparentPng(0xff0000, 255), BOX), 1, 1), 0xff0000)
  assert.ok(isNear(pixel(await decodePicture(transparentPng(0xff0000, 128), BOX), 1, 1), 0xb03030))
})

test('`decodePicture()` takes greys and 16 bits a channel', async () => {
  const raw = Uint8Array.from({ length: 4 * 5 }, (_, index) => (index % 5 === 0 ? 0 : 0x80))
  const grey = await decodePicture(makePng({ width: 4, height: 4, colorType: 0, raw }), BOX)
  assert.is(pixel(grey, 1, 1), 0x808080)
  const deep = Uint8Array.from({ length: 4 * 25 }, (_, index) => (index % 25 === 0 ? 0 : 0x80))
  const fine = await decodePicture(makePng({ width: 4, height: 4, bitDepth: 16, raw: deep }), BOX)
  assert.is(pixel(fine, 1, 1), 0x808080)
})

test('`decodePicture()` refuses a file that is cut off, wherever', async () => {
  for (const [format, bytes] of Object.entries(QUARTERS_AS)) {
    for (const share of [0.05, 0.2, 0.4, 0.6, 0.8]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share))
      await assertRefused(decodePicture(cut, BOX), /^Cannot read picture: /).catch(error => {
        throw new Error(`${format} cut at ${share}`, { cause: error })
      })
    }
  }
})

test('`decodePicture()` refuses a header that lies', async () => {
  const png = makePng({ width: 600, height: 600, raw: new Uint8Array(100) })
  await assertRefused(decodePicture(png, BOX), /it is damaged/)
  await assertRefused(decodePicture(webpWithCanvas({ width: 6000, height: 6000 }), BOX), /it is damaged/)
  // Its checksum does not fit any more.
  const changed = quartersPng()
  changed[19] = 64
  await assertRefused(decodePicture(changed, BOX), /it is damaged/)
})

test('`decodePicture()` survives bombs, and does not keep this thread from its work', async () => {
  const flat = makePng({ width: 6000, height: 6000 })
  assert.ok(flat.length < 140 * 1024)
  let turns = 0
  let isDone = false
  const turn = () => {
    turns++
    if (!isDone) setImmediate(turn)
  }
  turn()
  const picture = await decodePicture(flat, BOX)
  isDone = true
  assert.is(`${picture.width}x${picture.height}`, '480x480')
  assert.ok(turns > 3, `${turns} turns of the event loop`)

  await assertRefused(decodePicture(pixelGif({ width: 65_535, height: 65_535 }), BOX), /too many pixels/)
  await assertRefused(
    decodePicture(webpWithCanvas({ width: 1 << 24, height: 1 << 24 }), BOX),
    /too many pixels/,
  )
  // A picture of one pixel, and 64 MiB that nobody asked for: in the picture itself, in a text, in a colour profile.
  const zeros = deflateSync(new Uint8Array(64 * MIB))
  const bombs = [
    makePng({ width: 1, height: 1, raw: new Uint8Array(64 * MIB) }),
    makePng({
      width: 1,
      height: 1,
      chunks: [pngChunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), zeros]))],
    }),
    makePng({
      width: 1,
      height: 1,
      chunks: [pngChunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), zeros]))],
    }),
  ]
  for (const bomb of bombs) await pictureOrRefusal(bomb)
  assert.is((await decodePicture(quartersPng(), BOX)).width, 32)
})

test('a decoder refuses what needs more memory than it may have, and goes on', async () => {
  const large = makePng({ width: 8000, height: 5000, bitDepth: 16 })
  const decoder = createPictureDecoder({ maxMemoryBytes: 256 * MIB })
  await assertRefused(decoder.decode(large, BOX), /damaged|too much time or memory/)
  assert.is((await decoder.decode(quartersPng(), BOX)).width, 32)
  await decoder.close()
  assert.is((await decodePicture(large, BOX)).width, 640)
})

test('a decoder refuses what takes too long, and goes on', async () => {
  const decoder = createPictureDecoder({ timeoutMs: 1 })
  const slow = pixelGif({ width: 8000, height: 5000 })
  const results = await Promise.allSettled([decoder.decode(slow, BOX), decoder.decode(slow, BOX)])
  for (const result of results) {
    assert.is(result.status, 'rejected')
    await assertRefused(
      result.status === 'rejected' ? Promise.reject(result.reason) : Promise.resolve(),
      /too much time/,
    )
  }
  await decoder.close()
})

test('a decoder that was closed while it worked refuses, and can be used again', async () => {
  const decoder = createPictureDecoder()
  await decoder.decode(quartersPng(), BOX)
  const slow = decoder.decode(pixelGif({ width: 8000, height: 5000 }), BOX)
  await Promise.resolve()
  await Promise.resolve()
  await decoder.close()
  await assertRefused(slow, /too much time/)
  assert.is((await decoder.decode(quartersPng(), BOX)).width, 32)
  await decoder.close()
})

test('`decodePicture()` gives a picture or refuses, whichever bits are wrong', async () => {
  const sample = fc.constantFrom(...Object.values(QUARTERS_AS), WEBP_MOVING, withOrientation(JPEG, 6))
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(sample, flips, async (bytes, wrong) => {
      const damaged = bytes.slice()
      for (const [at, bit] of wrong)
        damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ (1 << bit)
      await pictureOrRefusal(damaged)
    }),
    { numRuns: 400 },
  )
})

test('`decodePicture()` gives a picture or refuses, whatever follows a good beginning', async () => {
  const sample = fc.constantFrom(...Object.values(QUARTERS_AS))
  await fc.assert(
    fc.asyncProperty(sample, fc.nat(), fc.uint8Array({ maxLength: 200 }), async (bytes, at, rest) => {
      await pictureOrRefusal(new Uint8Array([...bytes.subarray(0, at % bytes.length), ...rest]))
    }),
    { numRuns: 200 },
  )
})

test('a decoder that is idle does not keep the process', () => {
  const { command, args } = spawnArgs(
    currentRuntime(),
    fileURLToPath(new URL('ends-by-itself.fixture.ts', import.meta.url)),
  )
  assert.is(execFileSync(command, args, { timeout: 60_000, encoding: 'utf8' }), '8x4')
})

async function pictureOrRefusal(bytes: Uint8Array): Promise<void> {
  try {
    const picture = await decodePicture(bytes, BOX)
    assert.ok(picture.width >= 1 && picture.width <= BOX.maxWidth)
    assert.ok(picture.height >= 1 && picture.height <= BOX.maxHeight)
    assert.is(Buffer.from(picture.rgb, 'base64').length, picture.width * picture.height * 3)
  } catch (error) {
    assert.ok(error instanceof FastChatError, String(error))
    assert.is(error.code, 'bad_image')
  }
}

test.run()
