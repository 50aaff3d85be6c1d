import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../../scripts/test/wait-for.ts'
import { createDecoder } from '../input/decoder.ts'
import { disc, gridOf } from '../picture.fixture.ts'
import { createGraphics, mayDrawPixels } from './graphics.ts'
import { at, createScreen, grid, SIZE } from './screen.fixture.ts'

const test = suite('graphics: what a terminal can')

const plain = disc({ width: 80, height: 60 })
const isKitty = { type: 'kitty', id: 0x46430000, isOk: true } as const

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

test.run()
