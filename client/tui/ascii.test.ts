import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asciiGrid, asciiText, createTranscoder, showsUtf8 } from './ascii.ts'
import { file, message, picture, sitInChat, verification } from './model.fixture.ts'
import { newsFor } from './news.ts'
import { createCanvas, type Grid, span } from './view/canvas.ts'
import { view } from './view/view.ts'

const test = suite('ASCII')

const ASCII = /^[\x20-\x7e]*$/

function gridOf(text: string, cols = 20): Grid {
  const size = { cols, rows: 1 }
  const { canvas, cells } = createCanvas(size)
  canvas.put({ x: 0, y: 0 }, span(text))
  return { size, cells, cursor: null }
}

const rowsOf = ({ cells }: Grid) =>
  cells.map(row =>
    row
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )
const asciiOf = (text: string, cols?: number) => rowsOf(asciiGrid(gridOf(text, cols), { hasColors: true }))[0]

for (const [env, isUtf8] of [
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'de_DE.utf8' }, true],
  [{ LC_ALL: 'en_US.UTF-8', LANG: 'C' }, true],
  [{ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, true],
  [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
  [{ LC_ALL: 'POSIX' }, false],
  [{ LANG: 'de_DE' }, false],
  [{ LANG: 'de_DE.ISO-8859-1' }, false],
  [{ LANG: 'ja_JP.eucJP', TERM: 'xterm-256color' }, false],
  [{ TERM: 'xterm-256color' }, true],
  [{}, true],
  [{ TERM: 'vt100' }, false],
  [{ TERM: 'vt220', LANG: 'C.UTF-8' }, true],
] as const) {
  test(`\`showsUtf8()\` is ${isUtf8} for ${JSON.stringify(env)}`, () => {
    assert.is(showsUtf8(env), isUtf8)
  })
}

test('`asciiGrid()` draws rules, marks and letters of others so that each keeps its cells', () => {
  assert.is(asciiOf('╌╌┆·✓✓✗●○'), '--|.vvx*o')
  assert.is(asciiOf('crème brûlée'), 'creme brulee')
  assert.is(asciiOf('日本 е👍🏽 x'), '???? ??? x')
  assert.is(asciiOf('“naïve” – it’s'), '"naive" - it\'s')
  assert.is(asciiOf('e\u0301\u0302\u0303'), 'e')
})

test('`asciiGrid()` writes three dots where there is room, and else that something was cut off', () => {
  assert.is(asciiOf('loading…'), 'loading...')
  assert.is(asciiOf('loading… now'), 'loading~ now')
  assert.is(asciiOf('long…', 5), 'long~')
  assert.is(asciiOf('long…', 6), 'long~')
  assert.is(asciiOf('long…', 7), 'long...')
})

test('`asciiGrid()` has as many cells as before and nothing but ASCII in them, of any text', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 12 }), fc.boolean(), (any, cols, hasColors) => {
      const [row = []] = asciiGrid(gridOf(any, cols), { hasColors }).cells
      assert.is(row.length, cols)
      for (const cell of row) assert.ok(cell.width === 1 && /^[\x20-\x7e]$/.test(cell.text), cell.text)
    }),
    { numRuns: 2000 },
  )
})

test('the whole screen is ASCII: chat, picture, safety number, help', () => {
  const desk = sitInChat({
    items: [
      message(1, 'Grüße aus 東京'),
      message(2, 'ok', { mine: true, state: 'read' }),
      message(3, '', { content: file({ image: { width: 48, height: 24 }, state: 'here' }) }),
    ],
  })
  desk.tell({ type: 'picture', id: 'message-3', picture: picture() })
  const screens = [view(desk.model())]
  desk.tell({ type: 'verification', verification: verification(), modules: [], isNews: false })
  screens.push(view(desk.model()))
  desk.press('escape', 'f1')
  screens.push(view(desk.model()))
  for (const screen of screens) {
    for (const hasColors of [true, false]) {
      const grid = asciiGrid(screen, { hasColors })
      for (const [y, row] of rowsOf(grid).entries()) assert.match(row, ASCII, `row ${y}`)
      assert.ok(grid.cells.every(row => row.length === 80))
    }
  }
  const [chat] = screens
  assert.match(chat ? rowsOf(asciiGrid(chat, { hasColors: true })).join('\n') : '', /Gru\?e aus \?{4}/)
})

test('a picture keeps its colours on blanks, and without colours is dark and light letters', () => {
  const desk = sitInChat({
    items: [message(1, '', { content: file({ image: { width: 48, height: 24 }, state: 'here' }) })],
  })
  desk.tell({ type: 'picture', id: 'message-1', picture: picture() })
  const colored = asciiGrid(view(desk.model()), { hasColors: true }).cells.flat()
  const parts = colored.filter(({ style }) => typeof style === 'object')
  assert.ok(parts.length > 100)
  assert.ok(
    parts.every(({ text, style }) => text === ' ' && typeof style === 'object' && style.fg === style.bg),
  )
  const grey = rowsOf(asciiGrid(view(desk.model()), { hasColors: false })).join('')
  assert.match(grey, /[-:=+*#%]{20}/)
})

test('`createTranscoder()` makes UTF-8 of what is typed in the character set of the locale, however it is cut', () => {
  const typed = (env: Record<string, string>, ...chunks: number[][]) => {
    const transcode = createTranscoder(env)
    return Buffer.concat(chunks.map(chunk => transcode(Uint8Array.from(chunk)))).toString()
  }
  assert.is(typed({ LANG: 'de_DE.ISO-8859-1' }, [0xfc, 0x1b, 0x5b, 0x41]), 'ü\x1b[A')
  assert.is(typed({ LANG: 'de_DE.iso885915@euro' }, [0xa4]), '€')
  assert.is(typed({ LANG: 'ja_JP.eucJP' }, [0xc6], [0xfc]), '日')
  for (const LANG of ['C', 'de_DE', 'C.UTF-8', 'xx_XX.no-such-set']) {
    assert.is(typed({ LANG }, [0xc3], [0xbc]), 'ü')
  }
})

test('`asciiText()` has room for three dots, and keeps lines', () => {
  assert.is(asciiText('typing…\nnaïve 日'), 'typing...\nnaive ??')
})

test('window title and notifications are ASCII where the screen is', () => {
  const news = newsFor({ TERM: 'xterm', LANG: 'C' })
  assert.is(news.title('fastchat Grüße'), '\x1b]2;fastchat Gru?e\x1b\\')
  assert.is(newsFor({ TERM: 'xterm', LANG: 'C.UTF-8' }).title('Grüße'), '\x1b]2;Grüße\x1b\\')
})

test.run()
