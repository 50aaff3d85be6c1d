import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../../schema/limits.ts'
import { conversationOf, type Desk, MORNING, sitInChat, summary } from '../model.fixture.ts'
import { draftOf, openConversation } from '../model.ts'

const test = suite('chat screen')

const people = [
  summary('bob', { lastAt: MORNING + 3 }),
  summary('carol', { lastAt: MORNING + 2, unread: 2 }),
  summary('dave', { lastAt: MORNING + 1 }),
]

const draft = (desk: Desk) => draftOf(desk.chat()).text
const open = (desk: Desk) => openConversation(desk.chat())
const flash = (desk: Desk) => desk.chat().flash

test('`update()` sends with Enter, and empties the composer', () => {
  const desk = sitInChat()
  desk.type('hi bob')
  desk.press('enter')
  assert.equal(desk.commands(), [
    { type: 'send', conversation: conversationOf('bob'), to: 'bob', text: 'hi bob' },
  ])
  assert.is(draft(desk), '')
})

test('`update()` makes a new line with Alt-Enter and Ctrl-J, and sends nothing but blanks never', () => {
  const desk = sitInChat()
  desk.press('alt-enter', 'ctrl-j')
  desk.press('enter')
  assert.equal(desk.commands(), [])
  desk.type('two')
  desk.press('enter')
  assert.equal(
    desk.commands().map(command => 'text' in command && command.text),
    ['\n\ntwo'],
  )
})

test('`update()` never sends by a paste, whatever is in it', () => {
  const desk = sitInChat()
  desk.tell({ type: 'paste', text: 'rm -rf /\r\nyes\n\x1b[A' })
  assert.equal(desk.commands(), [])
  assert.is(draft(desk), 'rm -rf /\nyes\n')
})

test('`update()` gives a text back when the session does not take it, unless another was begun', () => {
  const failure = { code: 'disk_full', message: 'Cannot keep message: the disk is full' }
  const desk = sitInChat()
  desk.tell({ type: 'send-refused', conversation: conversationOf('bob'), text: 'hi', failure })
  assert.is(draft(desk), 'hi')
  assert.equal(flash(desk), { kind: 'error', text: failure.message })
  desk.tell({ type: 'send-refused', conversation: conversationOf('bob'), text: 'other', failure })
  assert.is(draft(desk), 'hi')
})

test('`update()` keeps a text that is a byte too long, and says so', () => {
  const desk = sitInChat()
  const most = 'ä'.repeat(limits.maxTextBytes / 2)
  desk.tell({ type: 'paste', text: `${most}x` })
  desk.press('enter')
  assert.equal(desk.commands(), [])
  assert.is(flash(desk)?.kind, 'error')
  assert.is(draft(desk).length, most.length + 1)
  desk.press('backspace', 'enter')
  assert.is(desk.commands()[0]?.type, 'send')
})

test('`update()` keeps an unknown command in the composer, with what is wrong', () => {
  const desk = sitInChat()
  desk.type('/etc/hosts')
  desk.press('enter')
  assert.equal(desk.commands(), [])
  assert.is(draft(desk), '/etc/hosts')
  assert.match(flash(desk)?.text ?? '', '/etc/hosts')
  desk.type('x')
  assert.is(flash(desk), null)
  desk.press('ctrl-u')
  desk.type('//etc/hosts')
  desk.press('enter')
  assert.equal(
    desk.commands().map(command => 'text' in command && command.text),
    ['/etc/hosts'],
  )
})

test('`/msg` opens the conversation with a person, asks when there is none, and gives the line back when refused', () => {
  const desk = sitInChat({ conversations: people })
  desk.type('/msg @Dave see you')
  desk.press('enter')
  assert.is(open(desk)?.summary.with, 'dave')
  assert.equal(desk.commands(), [
    { type: 'load-history', conversation: conversationOf('dave'), limit: 100 },
    { type: 'send', conversation: conversationOf('dave'), to: 'dave', text: 'see you' },
  ])
  desk.type('/msg erin hello')
  desk.press('enter')
  assert.equal(desk.commands(), [{ type: 'open', with: 'erin', text: 'hello', typed: '/msg erin hello' }])
  assert.is(draft(desk), '')
  assert.is(desk.chat().busy, 'looking for erin')
  const failure = { code: 'unknown_user', message: 'Cannot find "erin": no such user' }
  desk.tell({ type: 'open-refused', failure, typed: '/msg erin hello' })
  assert.is(draft(desk), '/msg erin hello')
  assert.is(desk.chat().busy, null)
  assert.is(flash(desk)?.text, failure.message)

  desk.tell({ type: 'conversation-opened', summary: summary('erin', { lastAt: MORNING + 9 }), text: 'hello' })
  assert.is(open(desk)?.summary.with, 'erin')
  assert.equal(desk.commands().at(-1), {
    type: 'send',
    conversation: conversationOf('erin'),
    to: 'erin',
    text: 'hello',
  })
  assert.is(desk.chat().conversations[0]?.summary.with, 'erin')
})

test('`/msg` works before there is any conversation, and nothing can be sent to nobody', () => {
  const desk = sitInChat({ conversations: [] })
  desk.type('hello?')
  desk.press('enter')
  assert.equal(desk.commands(), [])
  assert.is(draft(desk), 'hello?')
  desk.press('ctrl-u')
  desk.type('/msg bob')
  desk.press('enter')
  assert.equal(desk.commands(), [{ type: 'open', with: 'bob', typed: '/msg bob' }])
})

test('`/help`, `/logout` and `/quit` do what they say', () => {
  const desk = sitInChat()
  desk.type('/help')
  desk.press('enter')
  assert.is(desk.chat().overlay?.type, 'help')
  desk.press('escape')
  desk.type('/logout')
  desk.press('enter')
  desk.type('/quit')
  desk.press('enter')
  assert.equal(
    desk.commands().map(({ type }) => type),
    ['log-out', 'quit'],
  )
})

test('`update()` goes through the conversations with Alt-Up and Alt-Down and keeps each draft', () => {
  const desk = sitInChat({ conversations: people })
  desk.type('for bob')
  desk.press('alt-down', 'ctrl-n', 'alt-down')
  assert.is(open(desk)?.summary.with, 'dave')
  desk.type('for dave')
  desk.press('ctrl-p', 'alt-up', 'alt-up')
  assert.is(open(desk)?.summary.with, 'bob')
  assert.is(draft(desk), 'for bob')
  desk.press('alt-down', 'alt-down')
  assert.is(draft(desk), 'for dave')
  const loads = desk.commands().filter(({ type }) => type === 'load-history')
  assert.is(loads.length, 2, 'each is loaded once')
})

test('`update()` completes commands and people with Tab, and says which when there are several', () => {
  const desk = sitInChat({
    conversations: [summary('carol'), summary('carlos', { lastAt: 1 }), summary('dave', { lastAt: 2 })],
  })
  desk.type('/ms')
  desk.press('tab')
  assert.is(draft(desk), '/msg ')
  desk.type('c')
  desk.press('tab')
  assert.is(draft(desk), '/msg car')
  desk.press('tab')
  assert.is(flash(desk)?.text, 'carlos  carol')
  desk.type('o')
  desk.press('tab')
  assert.is(draft(desk), '/msg carol ')
  desk.type('ask d')
  desk.press('tab')
  assert.is(draft(desk), '/msg carol ask d', 'only the first word is a person')
  desk.press('ctrl-u')
  desk.type('ask d')
  desk.press('tab')
  assert.is(draft(desk), 'ask dave ')
})

test('`update()` switches and starts conversations with Ctrl-K', () => {
  const desk = sitInChat({ conversations: people })
  desk.press('ctrl-k')
  desk.type('av')
  desk.press('enter')
  assert.is(open(desk)?.summary.with, 'dave')
  assert.is(desk.chat().overlay, null)
  desk.commands()
  desk.press('ctrl-k')
  desk.type('Zoe')
  desk.press('enter')
  assert.equal(desk.commands(), [{ type: 'open', with: 'zoe' }])
})

test('`update()` quits with Ctrl-C over nothing, and empties the composer before, from where Ctrl-Y brings it back', () => {
  const desk = sitInChat()
  desk.type('half a thought')
  desk.press('ctrl-c')
  assert.equal(desk.commands(), [])
  assert.is(draft(desk), '')
  desk.press('ctrl-y')
  assert.is(draft(desk), 'half a thought')
  desk.press('ctrl-c', 'ctrl-c')
  assert.equal(desk.commands(), [{ type: 'quit' }])
})

test('`update()` deletes to the end of the line with Ctrl-K, and opens the switcher with it where nothing follows', () => {
  const desk = sitInChat({ conversations: people })
  desk.type('one two')
  desk.press('ctrl-left', 'ctrl-k')
  assert.is(draft(desk), 'one ')
  assert.is(desk.chat().overlay, null)
  desk.press('home', 'ctrl-y')
  assert.is(draft(desk), 'twoone ')
  desk.press('end', 'ctrl-k')
  assert.is(desk.chat().overlay?.type, 'switcher')
})

test('`update()` opens the conversation that is clicked', () => {
  const desk = sitInChat({ conversations: people })
  desk.tell({ type: 'mouse', what: 'press', x: 5, y: 4 })
  assert.is(open(desk)?.summary.with, 'dave')
  desk.tell({ type: 'mouse', what: 'press', x: 5, y: 12 }, { type: 'mouse', what: 'press', x: 40, y: 3 })
  assert.is(open(desk)?.summary.with, 'dave')
})

test('`update()` shows a lost connection in the status line, counts down, and takes keys all the time', () => {
  const desk = sitInChat()
  const connection = { state: 'offline' as const, reason: 'gone', retryInMs: 5000 }
  desk.tell({ type: 'chat-event', event: { type: 'connection', connection }, now: MORNING })
  desk.type('still here')
  desk.press('enter')
  assert.is(desk.commands()[0]?.type, 'send')
  assert.is(desk.chat().retryAt, MORNING + 5000)
})

test('a click in the composer puts the cursor there, whatever is written', () => {
  const desk = sitInChat()
  desk.type('one 日本 👍🏽 two')
  desk.press('ctrl-j')
  desk.type('and a second line')
  const at = (x: number, y: number) => {
    desk.tell({ type: 'mouse', what: 'press', x, y })
    return draftOf(desk.chat()).cursor
  }
  const first = 'one 日本 👍🏽 two'
  assert.is(at(3, 21), 0)
  assert.is(at(7, 21), 4)
  assert.is(at(8, 21), 4)
  assert.is(at(9, 21), 5)
  assert.is(at(14, 21), first.indexOf(' two'))
  assert.is(at(70, 21), first.length)
  assert.is(at(0, 22), first.length + 1)
  assert.is(at(7, 22), first.length + 5)
})

test.run()
