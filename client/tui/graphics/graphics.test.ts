import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createKittyModel } from '../../../scripts/test/kitty-model.ts'
import { waitFor } from '../../../scripts/test/wait-for.ts'
import { drawChanges, type Pen } from '../draw.ts'
import { createDecoder } from '../input/decoder.ts'
import { disc, gridOf, paint, type Shown } from '../picture.fixture.ts'
import type { Grid } from '../view/canvas.ts'
import { createGraphics, type Graphics, mayDrawPixels } from './graphics.ts'
import { withUnknown } from './placements.ts'

const test = suite('graphics')

const SIZE = { cols: 60, rows: 24 }
const BOX = { cols: 20, rows: 10 }
const noise = paint(
  { width: 200, height: 150 },
  (x, y) => ((x * 7919 + y * 104_729) * 2_654_435_761) & 0xffffff,
)
const plain = disc({ width: 80, height: 60 })

/** Draws grids as terminal.ts does, into a model of a terminal. */
function createScreen({ isSlow = false }: { isSlow?: boolean } = {}) {
  const kitty = createKittyModel()
  let output = ''
  let shown: Grid | null = null
  let isBlocked = false
  const emit = (text: string) => {
    output += text
    kitty.feed(text)
  }
  const moveTo = (x: number, y: number) => `\x1b[${y + 1};${x + 1}H`
  const graphics: Graphics = createGraphics({
    env: { TERM: 'xterm-kitty' },
    hasColors: true,
    size: () => SIZE,
    moveTo,
    write(text) {
      emit(text)
      isBlocked = isSlow
      return !isBlocked
    },
    onReady: () => (shown ? draw(shown) : undefined),
  })
  const pen: Pen = { moveTo, style: () => '', wrote: cells => graphics.wrote(cells) }
  function draw(grid: Grid): void {
    const cleared = shown ? '' : `${graphics.cleared()}\x1b[2J`
    const { erase, unknown } = graphics.begin(grid)
    emit(cleared + erase + drawChanges(shown && withUnknown(shown, unknown), grid, pen) + graphics.end())
    shown = grid
  }
  return {
    graphics,
    kitty,
    draw,
    wipe: () => {
      shown = null
    },
    drain: () => {
      isBlocked = false
      graphics.resume()
    },
    /** What was written since the last call, with ␛ for Escape. */
    written: () => {
      const text = output.replaceAll('\x1b', '␛')
      output = ''
      return text
    },
  }
}

const at = (picture: Shown['picture'], x: number, y: number): Shown => ({ picture, x, y, box: BOX })
const grid = (...pictures: Shown[]) => gridOf(SIZE, { pictures })
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

test('a sixel picture is drawn over its cells, again when they were written over, and its cells again when it goes', async () => {
  const screen = createScreen()
  screen.graphics.answer({ type: 'attributes', hasSixel: true })
  screen.draw(grid(at(plain, 0, 2)))
  assert.not.match(screen.written(), /␛P/)
  // Only now it is known how large a cell is.
  assert.is(screen.graphics.answer({ type: 'cell-size', width: 5, height: 10 }), true)
  screen.draw(grid(at(plain, 0, 2)))
  let text = ''
  await waitFor(
    () => {
      text += screen.written()
      return text.includes('␛P')
    },
    { what: 'a sixel picture' },
  )
  assert.match(text, /␛\[3;1H␛P0;1;0q"1;1;100;80#/)
  screen.draw(grid(at(plain, 0, 2)))
  assert.is(screen.written(), '')
  // Elsewhere: the picture stays. An emoji to the left of it: the row is written again, so the picture is too.
  const overTwo = gridOf(SIZE, { pictures: [at(plain, 10, 2)], over: ['x'] })
  screen.draw(grid(at(plain, 10, 2)))
  assert.match(screen.written(), /␛\[3;11H␛P/)
  screen.draw(overTwo)
  assert.not.match(screen.written(), /␛P/)
  screen.draw(gridOf(SIZE, { pictures: [at(plain, 10, 2)], over: ['x', '', '👨‍👩‍👧'] }))
  assert.match(screen.written(), /␛P/)
  // Gone: every cell that it was on is written, though only dots were and are around it.
  screen.draw(grid())
  const rows = [...screen.written().matchAll(/␛\[(\d+);\d+H/g)].map(([, row]) => Number(row))
  assert.equal(
    [...new Set(rows)].sort((a, b) => a - b),
    [1, 3, 4, 5, 6, 7, 8, 9, 10],
  )
})

test('a sixel picture is not drawn in the last row, where the terminal would scroll', async () => {
  const screen = createScreen()
  screen.graphics.answer({ type: 'cell-size', width: 5, height: 10 })
  screen.graphics.answer({ type: 'attributes', hasSixel: true })
  screen.draw(grid(at(plain, 0, 16), at(plain, 30, 15)))
  let text = ''
  await waitFor(
    () => {
      text += screen.written()
      return text.includes('␛P')
    },
    { what: 'a sixel picture' },
  )
  assert.equal(
    [...text.matchAll(/␛\[(\d+);(\d+)H␛P/g)].map(([, row, col]) => [row, col]),
    [['16', '31']],
  )
})

test('kitty is preferred to sixel', async () => {
  const screen = createScreen()
  screen.graphics.answer(isKitty)
  screen.graphics.answer({ type: 'cell-size', width: 5, height: 10 })
  assert.is(screen.graphics.answer({ type: 'attributes', hasSixel: true }), false)
  screen.draw(grid(at(plain, 0, 0)))
  await waitFor(() => screen.kitty.placements().length === 1, { what: 'a placement' })
})

test('`mayDrawPixels()` asks no multiplexer and no terminal that would show the question', () => {
  assert.ok(mayDrawPixels({ TERM: 'xterm-256color' }))
  assert.ok(mayDrawPixels({ TERM: 'foot' }))
  for (const env of [
    { TERM: 'xterm-kitty', TMUX: '/tmp/tmux' },
    { TERM: 'screen.xterm', STY: '1.tty' },
    { TERM: 'xterm', ZELLIJ: '0' },
    { TERM: 'tmux-256color' },
    { TERM: 'linux' },
    { TERM: 'dumb' },
    { TERM: 'vt220' },
    {},
  ])
    assert.is(mayDrawPixels(env), false, JSON.stringify(env))
  const options = { size: () => SIZE, moveTo: () => '', write: () => true, onReady: () => undefined }
  const unasked = createGraphics({ ...options, env: { TERM: 'xterm-kitty' }, hasColors: false })
  assert.is(unasked.questions, '')
  assert.is(unasked.answer(isKitty), false)
})

test('the questions are answered as terminals do, and the answers are never keys', () => {
  const answers: string[] = []
  const decoder = createDecoder({ onAnswer: answer => answers.push(JSON.stringify(answer)) })
  const text =
    '\x1b_Gi=1178796032;OK\x1b\\\x1b[6;20;10t\x1b[4;480;800t\x1b[?1;0;1024S\x1b[?62;4;22c' +
    '\x1b_Gi=7;ENOENT:no such image\x1b\\\x1b[?1;3;0S\x1b[8;24;80t\x1b[?6c'
  const wanted = [
    { type: 'kitty', id: 0x46430000, isOk: true },
    { type: 'cell-size', width: 10, height: 20 },
    { type: 'window-size', width: 800, height: 480 },
    { type: 'colors', count: 1024 },
    { type: 'attributes', hasSixel: true },
    { type: 'kitty', id: 7, isOk: false },
    { type: 'attributes', hasSixel: false },
  ].map(answer => JSON.stringify(answer))
  assert.equal(decoder.write(new TextEncoder().encode(text)), [])
  assert.equal(answers, wanted)
  // Letter by letter, with pauses in which a lone Escape would have become a key.
  answers.length = 0
  for (const char of text.replace('\x1b[8;24;80t', '')) {
    assert.equal(decoder.write(new TextEncoder().encode(char)), [])
    if (char !== '\x1b' && char !== '_' && char !== '[' && !/[46]/.test(char))
      assert.equal(decoder.flush(), [])
  }
  assert.equal(answers, wanted)
})

test.run()
