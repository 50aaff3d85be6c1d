import fc from 'fast-check'
import { decode as decodeWith } from 'sixel'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { disc, paint } from '../picture.fixture.ts'
import { quantize } from './palette.ts'
import { pixelsOf, scaleDown } from './scale.ts'
import { encodeSixel } from './sixel.ts'

/** What is encoded is decoded by somebody else's decoder. */
const test = suite('graphics/sixel')

interface Decoded {
  width: number
  height: number
  /** One 0xAABBGGRR a pixel. */
  data32: Uint32Array
}

function decode(text: string): Decoded {
  // Without what stands around the data: `ESC P`, its parameters, `q`, and `ESC \`.
  const data = text.slice(text.indexOf('q') + 1, -2)
  return decodeWith(data, { paletteLimit: 256, fillColor: 0 }) as unknown as Decoded
}

/** The largest difference of a channel, 0 to 255. */
function worst(rgb: Uint8Array, { data32 }: Decoded): number {
  let most = 0
  data32.forEach((abgr, pixel) => {
    for (const [index, shift] of [0, 8, 16].entries()) {
      most = Math.max(most, Math.abs((rgb[pixel * 3 + index] ?? 0) - ((abgr >>> shift) & 0xff)))
    }
  })
  return most
}

test('`encodeSixel()` draws every pixel in its colour, whatever the size', async () => {
  const colors = [0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0x000000, 0x808080]
  const side = fc.integer({ min: 1, max: 40 })
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.infiniteStream(fc.constantFrom(...colors)),
      async (width, height, stream) => {
        const picture = paint({ width, height }, () => stream.next().value ?? 0)
        const rgb = pixelsOf(picture)
        const decoded = decode(await encodeSixel(rgb, { width, height, maxColors: 256 }))
        assert.is(`${decoded.width}x${decoded.height}`, `${width}x${height}`)
        assert.ok(worst(rgb, decoded) <= 2, `${width}x${height} is off by ${worst(rgb, decoded)}`)
        // Drawn, not left as it was.
        assert.ok(decoded.data32.every(abgr => abgr >>> 24 === 255))
      },
    ),
    { numRuns: 60 },
  )
})

test('`encodeSixel()` comes near to a picture of many colours, and uses no more than it may', async () => {
  const size = { width: 160, height: 120 }
  const rgb = pixelsOf(disc(size))
  const text = await encodeSixel(rgb, { ...size, maxColors: 256 })
  assert.ok(worst(rgb, decode(text)) < 40)
  for (const maxColors of [2, 16, 256]) {
    const few = await encodeSixel(rgb, { ...size, maxColors })
    const used = new Set([...few.matchAll(/#(\d+);2;/g)].map(([, index]) => index))
    assert.ok(used.size <= maxColors && used.size >= Math.min(maxColors, 100), `${used.size} of ${maxColors}`)
  }
})

test('`encodeSixel()` writes a plain picture in few characters', async () => {
  const size = { width: 400, height: 300 }
  const text = await encodeSixel(new Uint8Array(size.width * size.height * 3), { ...size, maxColors: 256 })
  assert.ok(text.length < 700, String(text.length))
  assert.ok(text.startsWith('\x1bP0;1;0q"1;1;400;300#0;2;0;0;0'))
  assert.ok(text.endsWith('\x1b\\'))
})

test('`quantize()` keeps the colours of a picture that has few', () => {
  const rgb = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0])
  const { colors, indices } = quantize(rgb, 256)
  assert.equal(
    [...indices].map(index => colors[index]),
    [0xff0000, 0x00ff00, 0x0000ff, 0xff0000],
  )
  assert.equal(quantize(new Uint8Array(), 256), { colors: [], indices: new Uint8Array() })
})

test('`scaleDown()` keeps the mean of a picture, and repeats pixels where it has to be larger', () => {
  const picture = disc({ width: 97, height: 61 })
  const mean = (rgb: Uint8Array) => rgb.reduce((sum, value) => sum + value, 0) / rgb.length
  for (const size of [
    { width: 13, height: 7 },
    { width: 96, height: 60 },
    { width: 1, height: 1 },
  ]) {
    const scaled = scaleDown(picture, size)
    assert.is(scaled.length, size.width * size.height * 3)
    assert.ok(Math.abs(mean(scaled) - mean(pixelsOf(picture))) < 1.5)
  }
  const two = paint({ width: 2, height: 1 }, x => (x === 0 ? 0x112233 : 0x445566))
  assert.equal(
    [...scaleDown(two, { width: 4, height: 1 })],
    [...[0x11, 0x22, 0x33, 0x11, 0x22, 0x33], ...[0x44, 0x55, 0x66, 0x44, 0x55, 0x66]],
  )
})

test.run()
