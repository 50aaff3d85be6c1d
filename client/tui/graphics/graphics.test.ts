import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../../scripts/test/wait-for.ts'
import { disc, gridOf, paint } from '../picture.fixture.ts'
import type { Grid } from '../view/canvas.ts'
import { at, createScreen, grid, SIZE } from './screen.fixture.ts'

const test = suite('graphics')

const noise = paint(
  { width: 200, height: 150 },
  (x, y) => ((x * 7919 + y * 104_729) * 2_654_435_761) & 0xffffff,
)
const plain = disc({ width: 80, height: 60 })

const isKitty = { type: 'kitty', id: 0x46430000, isOk: true } as const

test('nothing is drawn in pixels until the terminal has answered', async () => {
  const screen = createScreen()
  screen.draw(grid(at(plain, 2, 2)))
  assert.not.match(screen.written(), /␛[_P]/)
  assert.is(screen.graphics.answer({ ...isKitty, id: 5 }), false)
  assert.is(screen.graphics.answer({ ...isKitty, isOk: false }), false)
  screen.draw(grid(at(plain, 3, 2)))
  assert.not.match(screen.written(), /␛[_P]/)
  assert.is(screen.graphics.answer(isKitty), true)
  screen.draw(grid(at(plain, 3, 2)))
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'a placement' })
  const [placement] = screen.kitty.placements()
  assert.equal([placement?.x, placement?.y, placement?.cols, placement?.rows], [3, 2, 20, 8])
  const [image] = screen.kitty.images.values()
  assert.is(Buffer.from(image?.rgb ?? []).toString('base64'), plain.rgb)
  assert.equal(screen.kitty.complaints, [])
})

test('a kitty picture moves with its cells, and is sent once', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  screen.draw(grid(at(plain, 2, 10)))
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'a placement' })
  for (let y = 9; y >= 0; y--) screen.draw(grid(at(plain, 2, y)))
  assert.equal(
    screen.kitty.placements().map(({ y }) => y),
    [0],
  )
  assert.is(screen.kitty.transmitted(), 1)
  screen.written()
  screen.draw(grid(at(plain, 2, 0)))
  assert.is(screen.written(), '')
})

test('a picture that is covered, cut off or gone is taken away, and comes back', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  const whole = grid(at(plain, 0, 10))
  screen.draw(whole)
  const isShown = () => screen.kitty.placements().length === 1
  await waitFor(isShown, { what: 'a placement' })
  const covered = gridOf(SIZE, { pictures: [at(plain, 0, 10)], over: new Array(11).fill('###') })
  for (const other of [covered, grid(at(plain, 50, 10)), grid(at(plain, 0, 20)), grid()]) {
    screen.draw(other)
    assert.equal(screen.kitty.placements(), [])
    screen.draw(whole)
    assert.ok(isShown())
  }
  assert.is(screen.kitty.transmitted(), 1)
  assert.equal(screen.kitty.complaints, [])
})

test('the same picture twice is sent once and shown twice', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  screen.draw(grid(at(plain, 0, 0), at(plain, 30, 0)))
  await waitFor(() => screen.kitty.placements().length === 2, { what: 'two placements' })
  assert.is(screen.kitty.transmitted(), 1)
  screen.draw(grid(at(plain, 30, 0)))
  assert.equal(
    screen.kitty.placements().map(({ x }) => x),
    [30],
  )
})

test('after the screen was wiped pictures are sent again; when the terminal is given back none is left in it', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  screen.draw(grid(at(plain, 0, 0)))
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'a placement' })
  screen.wipe()
  screen.draw(grid(at(plain, 5, 5)))
  assert.equal(screen.kitty.placements(), [])
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'it again' })
  screen.kitty.feed(screen.graphics.leave())
  assert.is(screen.kitty.images.size, 0)
  assert.equal(screen.kitty.placements(), [])
  assert.equal(screen.kitty.complaints, [])
})

test('old pictures are taken out of the terminal’s memory', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  for (let index = 0; index < 40; index++) {
    const one = paint({ width: 8, height: 8 }, () => index)
    screen.draw(grid(at(one, 0, 0)))
    await waitFor(() => screen.kitty.placements().length === 1, { what: `picture ${index}` })
  }
  assert.ok(screen.kitty.images.size <= 17, String(screen.kitty.images.size))
})

test('a terminal that is slow gets a picture piece by piece, and what changes meanwhile interrupts it', async () => {
  const screen = createScreen({ isSlow: true })
  screen.graphics.answer(isKitty)
  screen.draw(grid(at(plain, 0, 0)))
  await waitFor(() => screen.written().includes('a=t'), { what: 'the first piece' })
  while (screen.kitty.transmitted() === 0) screen.drain()
  assert.is(screen.kitty.placements().length, 1)

  screen.draw(grid(at(plain, 0, 0), at(noise, 30, 0)))
  await waitFor(() => screen.written().includes('a=t'), { what: 'the first piece of the next one' })
  screen.drain()
  // The first picture is to go while the second one is half sent.
  screen.draw(grid(at(noise, 30, 0)))
  assert.equal(screen.kitty.placements(), [])
  for (let tries = 0; screen.kitty.transmitted() < 2 && tries < 1000; tries++) screen.drain()
  assert.is(screen.kitty.placements().length, 1)
  assert.equal(screen.kitty.complaints, [])
  // Half sent when the terminal is given back.
  screen.draw(grid(at({ ...noise }, 0, 0)))
  await waitFor(() => screen.written().includes('a=t'), { what: 'the first piece of the third one' })
  screen.kitty.feed(screen.graphics.leave())
  assert.is(screen.kitty.images.size, 0)
  assert.equal(screen.kitty.complaints, [])
})

test('whatever is drawn, kitty shows exactly the pictures that are whole', async () => {
  const pictures = [plain, disc({ width: 40, height: 40 }), paint({ width: 30, height: 10 }, x => x)]
  const place = fc.record({
    which: fc.nat({ max: 2 }),
    x: fc.integer({ min: 0, max: 55 }),
    y: fc.integer({ min: -3, max: 22 }),
  })
  const step = fc.record({ places: fc.array(place, { maxLength: 3 }), isWiped: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async steps => {
      const screen = createScreen()
      screen.graphics.answer(isKitty)
      for (const { places, isWiped } of steps) {
        if (isWiped) screen.wipe()
        const now = grid(...places.map(({ which, x, y }) => at(pictures[which] ?? plain, x, y)))
        screen.draw(now)
        const wanted = wholeOnes(now)
        const shown = () =>
          screen.kitty
            .placements()
            .map(({ x, y, cols, rows }) => `${x},${y} ${cols}x${rows}`)
            .sort()
            .join('; ')
        await waitFor(() => shown() === wanted, { what: `${wanted}, not ${shown()}` })
      }
      assert.equal(screen.kitty.complaints, [])
    }),
    { numRuns: 60 },
  )
})

/** Said in another way than placements.ts does: by counting cells. */
function wholeOnes({ cells }: Grid): string {
  const counts = new Map<string, number>()
  cells.forEach((row, y) => {
    row.forEach(({ style }, x) => {
      if (typeof style === 'string' || !style.part) return
      const { col, row: line, layout } = style.part
      const key = `${x - col},${y - line} ${layout.cols}x${layout.rows}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    })
  })
  return [...counts]
    .filter(([key, count]) => {
      const [, cols = 0, rows = 0] = / (\d+)x(\d+)$/.exec(key)?.map(Number) ?? []
      return count === cols * rows
    })
    .map(([key]) => key)
    .sort()
    .join('; ')
}

test('kitty is preferred to sixel', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  screen.graphics.answer({ type: 'cell-size', width: 5, height: 10 })
  assert.is(screen.graphics.answer({ type: 'attributes', hasSixel: true }), false)
  screen.draw(grid(at(plain, 0, 0)))
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'a placement' })
})

test.run()
