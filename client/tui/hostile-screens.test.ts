import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawChanges, type Pen } from './draw.ts'
import { createEmulator, type Emulator, WIDTHS_OF } from './emulator.fixture.ts'
import { assertHarmless, hostileText } from './hostile.fixture.ts'
import {
  conversationOf,
  file,
  group,
  groupInfo,
  MORNING,
  message,
  notice,
  sit,
  snapshot,
  summary,
  verification,
} from './model.fixture.ts'
import { newsFor } from './news.ts'
import { sanitizeLine } from './sanitize.ts'
import { createCanvas, type Grid, span } from './view/canvas.ts'
import { view } from './view/view.ts'
import { windowTitle } from './view/window-title.ts'
import { graphemes, isSettled, lineWidth } from './width.ts'

/** The same of whole screens, of all of Unicode, and of what is told beside the screen. */
const test = suite('hostile texts everywhere')

/** What ends a title and a notification. */
const ST = '\x1b\\'
const SIZE = { cols: 64, rows: 20 }
const pen: Pen = { moveTo: (x, y) => `\x1b[${y + 1};${x + 1}H`, style: () => '\x1b[m' }

async function emulate(size: { cols: number; rows: number }, widthsOf: '6' | '11'): Promise<Emulator> {
  const emulator = createEmulator({ ...size, widthsOf })
  await emulator.write('\x1b[?7l')
  return emulator
}

/** The screens of somebody all of whose people are `text`, one after the other. */
function screensOf(text: string, other: string): { grids: Grid[]; title: string } {
  const desk = sit(SIZE)
  const conversations = [
    summary(text, { id: conversationOf('bob'), with: text, lastAt: MORNING + 2 }),
    group('ops', { title: other, unread: 2, lastAt: MORNING + 1 }),
  ]
  const connection = { state: 'offline' as const, reason: text }
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations, connection }), now: MORNING })
  const items = [
    message(1, text, { from: other, reactions: [{ emoji: text, from: [other] }] }),
    message(2, '', { from: other, content: file({ name: text, mediaType: other, caption: other }) }),
    message(3, other, { replyTo: { id: 'x', from: other, excerpt: text } }),
    message(4, '', { content: { type: 'unknown', originally: text } }),
    message(5, text, { mine: true, state: 'failed', failure: { code: 'x', message: other } }),
    notice(6, { type: 'title', by: text, title: other }),
    notice(7, { type: 'change-failed', what: 'edit', code: 'x', message: text }),
  ]
  desk.tell({ type: 'history', conversation: conversationOf('bob'), items, isWhole: true })
  desk.tell({ type: 'chat-event', event: typing(other), now: MORNING })
  const grids = [view(desk.model())]
  const title = windowTitle(desk.model())
  const look = () => {
    grids.push(view(desk.model()))
    desk.press('escape')
  }
  desk.tell({ type: 'failed', failure: { code: 'x', message: text } })
  look()
  const member = { user: text, isAdmin: false, isMe: false, isVerified: true }
  desk.tell({ type: 'group', info: groupInfo('ops', { title: other, members: [member] }), how: 'members' })
  look()
  const device = { deviceId: 'd'.repeat(36), name: text, since: MORNING, current: true, active: true }
  desk.tell({ type: 'devices', devices: [device], isNews: false })
  look()
  desk.tell({ type: 'verification', verification: verification({ user: other }), modules: [], isNews: false })
  look()
  desk.press('ctrl-k')
  look()
  return { grids, title }
}

const typing = (user: string) => ({
  ...{ type: 'typing' as const, conversation: conversationOf('bob'), user, isTyping: true },
})

for (const widthsOf of WIDTHS_OF) {
  test(`whole screens have no effect but their cells, with widths of Unicode ${widthsOf}`, async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (text, other) => {
        const emulator = await emulate(SIZE, widthsOf)
        let before: Grid | null = null
        for (const grid of screensOf(text, other).grids) {
          await emulator.write(drawChanges(before, grid, pen))
          before = grid
          assert.equal(emulator.effects(), [])
          for (const [y, cells] of grid.cells.entries()) {
            const row = emulator.row(y)
            for (const [x, cell] of cells.entries()) {
              // What is drawn over by a doubtful one to its left is not seen; what is settled stands where it belongs.
              if (cell.width !== 0 && isSettled(cell.text)) {
                assert.is(row[x], cell.text, `${x},${y} of ${JSON.stringify([text, other])}`)
              }
            }
          }
        }
      }),
      { numRuns: 25 },
    )
  })

  test(`each character that there is stays between its neighbours, with widths of Unicode ${widthsOf}`, async () => {
    const size = { cols: 80, rows: 24 }
    const emulator = await emulate(size, widthsOf)
    const perRow = size.cols / 4
    let chars: string[] = []
    let before: Grid | null = null
    const look = async () => {
      const { canvas, cells } = createCanvas(size)
      for (let y = 0; y < size.rows; y++) canvas.put({ x: 0, y }, span('#'.repeat(size.cols)))
      for (const [index, char] of chars.entries()) {
        const at = { x: (index % perRow) * 4 + 1, y: Math.floor(index / perRow) }
        canvas.part({ ...at, cols: 2, rows: 1 }).put({ x: 0, y: 0 }, span(' '), span(''))
        canvas.part({ ...at, cols: 2, rows: 1 }).put({ x: 0, y: 0 }, span(char))
      }
      const grid: Grid = { size, cells, cursor: null }
      await emulator.write(drawChanges(before, grid, pen))
      before = grid
      for (let y = 0; y < size.rows; y++) {
        const row = emulator.row(y)
        for (let x = 0; x < size.cols; x++) {
          if (x % 4 !== 0 && x % 4 !== 3) continue
          if (row[x] !== '#')
            assert.unreachable(`${x},${y}: ${JSON.stringify(row[x])} of ${JSON.stringify(chars)}`)
        }
      }
      chars = []
    }
    for (let code = 0; code <= 0x10ffff; code++) {
      const char = sanitizeLine(String.fromCodePoint(code))
      // Han and Hangul are all alike.
      const isAlike = (code > 0x4e20 && code < 0xd780) || (code > 0x20010 && code < 0x3fff0)
      if (isAlike || char.trim() === '' || char === '\ufffd') continue
      chars.push(char)
      if (chars.length === perRow * size.rows) await look()
    }
    await look()
    assert.equal(emulator.effects(), [])
  })
}

test('the width that was computed is what a terminal draws, wherever all agree on it', async () => {
  const emulator = await emulate({ cols: 200, rows: 1 }, '11')
  await fc.assert(
    fc.asyncProperty(hostileText, async text => {
      const settled = graphemes(sanitizeLine(text))
        .filter(one => isSettled(one.text))
        .map(one => one.text)
      const line = settled.slice(0, 90).join('')
      await emulator.write(`\r${line}`)
      assert.is(emulator.cursor().x, lineWidth(line), JSON.stringify(line))
    }),
    { numRuns: 500 },
  )
})

test('title and notifications are what they are and nothing else, whatever is in them', async () => {
  await fc.assert(
    fc.asyncProperty(hostileText, hostileText, async (text, other) => {
      for (const TERM of ['xterm-256color', 'rxvt', 'foot', 'tmux', 'linux', 'dumb']) {
        for (const LANG of ['C', 'C.UTF-8']) {
          const news = newsFor({ TERM, LANG })
          const emulator = await emulate(SIZE, '11')
          const { title } = screensOf(text, other)
          await emulator.write(news.title(title))
          const [effect, ...others] = emulator.effects()
          assert.equal(others, [])
          if (effect !== undefined) assert.match(effect, /^title fastchat/)
          await emulator.write(news.notify({ how: 'desktop', text }))
          assert.equal(
            emulator.effects().filter(one => !/^(?:bell|title fastchat)/.test(one)),
            [],
          )
          assert.is(emulator.row(0).join('').trim(), '')
          const sent = news.notify({ how: 'desktop', text })
          const body = sent.slice(Math.max(0, sent.indexOf(';')), sent.lastIndexOf(ST))
          assertHarmless(body)
        }
      }
    }),
    { numRuns: 10 },
  )
})

test.run()
