import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { newsFor } from './news.ts'

const test = suite('what a terminal is told beside its screen')

const carol = { how: 'desktop', text: 'a message from carol' } as const

test('a notification is OSC 9, or OSC 777 where that is known, and a bell where neither is', () => {
  assert.is(newsFor({ TERM: 'xterm-256color' }).notify(carol), '\x1b]9;fastchat: a message from carol\x1b\\')
  assert.is(newsFor({ TERM: 'foot' }).notify(carol), '\x1b]777;notify;fastchat;a message from carol\x1b\\')
  for (const env of [{ TERM: 'xterm', TMUX: '/tmp/x' }, { TERM: 'screen-256color' }, { TERM: 'linux' }]) {
    assert.is(newsFor(env).notify(carol), '\x07')
  }
  assert.is(newsFor({ TERM: 'xterm' }).notify({ ...carol, how: 'bell' }), '\x07')
})

test('the title is put aside and brought back; a console without titles gets nothing', () => {
  const { enter, leave, title } = newsFor({ TERM: 'xterm' })
  assert.equal(
    [enter, title('fastchat bob'), leave],
    ['\x1b[22;2t', '\x1b]2;fastchat bob\x1b\\', '\x1b[23;2t'],
  )
  const dumb = newsFor({ TERM: 'linux' })
  assert.equal([dumb.enter, dumb.title('x'), dumb.leave], ['', '', ''])
})

test('no name ends a sequence, begins one, or adds a field to it', () => {
  const name = 'a\x1b]52;c;x\x07b\x9c;c\u202ed'
  const { notify, title } = newsFor({ TERM: 'rxvt' })
  for (const made of [notify({ how: 'desktop', text: name }), title(name)]) {
    const inner = made.slice(2, -2)
    assert.not.match(inner, /[\p{Cc}\u202e]/u)
    assert.ok(inner.split(';').length <= 4)
  }
})

test.run()
