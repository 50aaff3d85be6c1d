import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { inspectPicture, type PictureFormat } from './inspect.ts'
import {
  GIF,
  JPEG,
  makePng,
  pixelGif,
  QUARTERS,
  quartersPng,
  WEBP,
  WEBP_LOSSLESS,
  WEBP_MOVING,
  webpWithCanvas,
  withOrientation,
} from './pictures.fixture.ts'

const test = suite('inspectPicture')
const { width, height } = QUARTERS

function isRefused(bytes: Uint8Array, what: RegExp): void {
  assert.throws(
    () => inspectPicture(bytes),
    (error: unknown) =>
      error instanceof FastChatError && error.code === 'bad_image' && what.test(error.message),
  )
}

const SAMPLES: Readonly<Record<PictureFormat, readonly Uint8Array[]>> = {
  png: [quartersPng()],
  jpeg: [JPEG],
  gif: [GIF],
  webp: [WEBP, WEBP_LOSSLESS, webpWithCanvas({ width, height })],
}

test('`inspectPicture()` knows the four formats and their dimensions', () => {
  for (const format of ['png', 'jpeg', 'gif', 'webp'] as const) {
    for (const bytes of SAMPLES[format]) assert.equal(inspectPicture(bytes), { format, width, height })
  }
  assert.equal(inspectPicture(WEBP_MOVING), { format: 'webp', width: 32, height: 8 })
})

test('`inspectPicture()` swaps the sides of a JPEG that lies on one', () => {
  for (const orientation of [1, 2, 3, 4, 0, 9])
    assert.is(inspectPicture(withOrientation(JPEG, orientation)).width, width, String(orientation))
  for (const orientation of [5, 6, 7, 8])
    assert.is(inspectPicture(withOrientation(JPEG, orientation)).width, height, String(orientation))
})

test('`inspectPicture()` refuses other formats', () => {
  for (const text of [
    '',
    'hello',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'BM',
    'II*\0',
    '%PDF-1.7',
    'GIF88a',
  ])
    isRefused(new TextEncoder().encode(text), /no PNG, JPEG, GIF or WebP/)
})

test('`inspectPicture()` refuses a side over the limit, and takes one at it', () => {
  const side = limits.maxImageSide
  assert.is(inspectPicture(pixelGif({ width: side, height: 1 })).width, side)
  isRefused(pixelGif({ width: side + 1, height: 1 }), /too many pixels/)
  isRefused(pixelGif({ width: 1, height: side + 1 }), /too many pixels/)
})

test('`inspectPicture()` refuses more pixels than the limit, and takes as many', () => {
  assert.is(inspectPicture(pixelGif({ width: 8000, height: limits.maxImagePixels / 8000 })).width, 8000)
  isRefused(pixelGif({ width: 8000, height: limits.maxImagePixels / 8000 + 1 }), /too many pixels/)
})

test('`inspectPicture()` refuses what would be gigantic', () => {
  isRefused(pngOf(65_535, 65_535), /too many pixels/)
  isRefused(pngOf(0xffffffff, 0xffffffff), /too many pixels/)
  isRefused(pixelGif({ width: 65_535, height: 65_535 }), /too many pixels/)
  isRefused(webpWithCanvas({ width: 1 << 24, height: 1 << 24 }), /too many pixels/)
})

test('`inspectPicture()` refuses damaged headers', () => {
  isRefused(pngOf(0, 5), /damaged/)
  isRefused(pixelGif({ width: 0, height: 5 }), /damaged/)
  const oddDepth = quartersPng()
  oddDepth[24] = 3
  isRefused(oddDepth, /damaged/)
  const oddFrame = WEBP.slice()
  oddFrame[23] = 0
  isRefused(oddFrame, /damaged/)
  // Longer than the file.
  const longer = WEBP.slice()
  longer[5] = 0x10
  isRefused(longer, /damaged/)
})

test('`inspectPicture()` refuses or understands whatever it is given, and does not look outside of it', () => {
  const start = fc.constantFrom(...Object.values(SAMPLES).flat())
  const cut = fc.tuple(start, fc.nat(), fc.uint8Array({ maxLength: 80 })).map(([bytes, at, rest]) => {
    const kept = bytes.subarray(0, at % (bytes.length + 1))
    return new Uint8Array([...kept, ...rest])
  })
  fc.assert(
    fc.property(fc.oneof(cut, fc.uint8Array()), bytes => {
      try {
        const info = inspectPicture(bytes)
        assert.ok(info.width >= 1 && info.height >= 1 && info.width * info.height <= limits.maxImagePixels)
      } catch (error) {
        assert.instance(error, FastChatError)
        assert.is((error as FastChatError).code, 'bad_image')
      }
    }),
    { numRuns: 2000 },
  )
})

/** A PNG whose header says so, whatever is in it. */
function pngOf(saidWidth: number, saidHeight: number): Uint8Array {
  const png = makePng({ width: 1, height: 1 })
  const view = new DataView(png.buffer, png.byteOffset)
  view.setUint32(16, saidWidth)
  view.setUint32(20, saidHeight)
  return png
}

test.run()
