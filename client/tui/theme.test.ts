import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { colorDepth, lookOf, THEMED_STYLES, TRUE_COLOR, themes } from './theme.ts'
import type { StyleName } from './view/canvas.ts'

const test = suite('theme')

const STYLES: readonly StyleName[] = [
  ...(['plain', 'faint', 'strong', 'dash', 'brand', 'online', 'offline'] as const),
  ...(['mine', 'theirs', 'unread', 'error', 'done', 'selected', 'field'] as const),
]

test('`colorDepth()` obeys NO_COLOR before anything else', () => {
  assert.is(colorDepth({ NO_COLOR: '1', TERM: 'xterm-256color', COLORTERM: 'truecolor' }), 0)
  assert.is(colorDepth({ NO_COLOR: '', TERM: 'xterm-256color' }), 256)
})

test('`colorDepth()` knows what terminals say of themselves', () => {
  assert.is(colorDepth({ TERM: 'dumb' }), 0)
  assert.is(colorDepth({ TERM: 'vt100' }), 0)
  assert.is(colorDepth({ TERM: 'xterm' }), 16)
  assert.is(colorDepth({ TERM: 'linux' }), 16)
  assert.is(colorDepth({}), 16)
  for (const TERM of ['xterm-256color', 'tmux', 'tmux-256color', 'screen.xterm'])
    assert.is(colorDepth({ TERM }), 256, TERM)
  assert.is(colorDepth({ TERM: 'xterm', COLORTERM: '256' }), 256)
})

test('`colorDepth()` knows who has all colours', () => {
  for (const TERM of ['alacritty', 'foot', 'foot-extra', 'xterm-kitty', 'xterm-ghostty', 'xterm-direct'])
    assert.is(colorDepth({ TERM }), TRUE_COLOR, TERM)
  for (const COLORTERM of ['truecolor', '24bit'])
    assert.is(colorDepth({ TERM: 'xterm', COLORTERM }), TRUE_COLOR)
  assert.is(colorDepth({ TERM: 'tmux-256color', TMUX: '/tmp/x', COLORTERM: 'truecolor' }), TRUE_COLOR)
  // screen passes on what the terminal around it has said, and has no such colours itself.
  assert.is(colorDepth({ TERM: 'screen.xterm-256color', STY: '1.x', COLORTERM: 'truecolor' }), 256)
})

test('`lookOf()` draws the dashes red wherever there are colours', () => {
  for (const depth of [16, 256] as const) assert.is(lookOf('dash', depth).color, 1)
})

test('`lookOf()` has no colour without colours, and still tells what matters', () => {
  for (const style of STYLES) {
    const { color, bgColor } = lookOf(style, 0)
    assert.is(color ?? bgColor, undefined, style)
  }
  for (const style of ['unread', 'error', 'selected'] as const)
    assert.not.equal(lookOf(style, 0), lookOf('plain', 0), style)
})

test('`lookOf()` keeps to the 16 colours where there are no more, in every theme', () => {
  for (const theme of Object.values(themes)) {
    for (const style of STYLES) {
      const { color = 0, bgColor = 0 } = lookOf(style, 16, theme)
      assert.ok(Number(color) < 16 && Number(bgColor) < 16, style)
    }
  }
})

test('`themes` keep the dashes red, and the QR code black on white', () => {
  for (const theme of Object.values(themes)) {
    assert.is(lookOf('dash', 256, theme).color, 1)
    assert.equal(lookOf('qr', 256, theme), lookOf('qr', 256))
  }
  assert.not.ok((THEMED_STYLES as readonly string[]).includes('qr'))
})

test('`themes.terminal` has none but the terminal’s own 16 colours', () => {
  for (const style of THEMED_STYLES) {
    const { color = 0, bgColor = 0 } = lookOf(style, 256, themes.terminal)
    assert.ok(Number(color) < 16 && Number(bgColor) < 16, style)
  }
})

test.run()
