import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import { drainLater, jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat edit, delete, react, timer')

const MINE = '01a20a5c-0101-7abc-8def-0123456789aa'
const THEIRS = '01a20a5c-0101-7abc-8def-0123456789bb'

function twoMessages({ receive, messages }: TestChat): void {
  const theirs = receive('bob', 'hi')
  messages.push({ ...theirs, id: MINE, mine: true, from: 'alice' })
  Object.assign(theirs, { id: THEIRS })
}

test('each asks for it, prints nothing, and ends once a server has it', async () => {
  for (const [argv, method, request] of [
    [['edit', MINE, 'new'], 'edit', { id: MINE, text: 'new' }],
    [['delete', MINE], 'deleteMessage', { id: MINE }],
    [['react', THEIRS, '👍'], 'react', { id: THEIRS, emoji: '👍' }],
    [['react', THEIRS, '--remove'], 'react', { id: THEIRS, emoji: null }],
  ] as const) {
    const ran = await runHere([...argv], { play: twoMessages })
    assert.equal([ran.code, ran.stdout, ran.stderr], [0, '', ''])
    assert.equal(ran.asked(method), [request])
    assert.is(ran.test.snapshot.unsent, 0)
    assert.ok(ran.test.isClosed())
  }
})

test('`mute` and `unmute` ask for it of the conversation that is meant, and say what was done', async () => {
  const play = ({ receive }: TestChat): void => void receive('bob', 'hi')
  const muted = await runHere(['mute', 'bob', '--for', '8h'], { play })
  assert.equal([muted.code, muted.stdout], [0, 'Muted bob for 8h.\n'])
  const [asked] = muted.asked('mute')
  assert.match(JSON.stringify(asked), '"isMuted":true,"forMs":28800000')
  const unmuted = await runHere(['unmute', 'bob', '--json'], { play })
  assert.is(unmuted.code, 0)
  assert.is(jsonOf(unmuted.stdout)[0]?.muted, false)
  assert.match(JSON.stringify(unmuted.asked('mute')), '"isMuted":false}')
})

test('`edit ID -` takes standard input, without the line break at its end', async () => {
  const ran = await runHere(['edit', MINE, '-'], { play: twoMessages, stdin: 'one\ntwo\n' })
  assert.equal(ran.asked('edit'), [{ id: MINE, text: 'one\ntwo' }])
  const empty = await runHere(['edit', MINE, '-'], { play: twoMessages, stdin: '\n' })
  assert.equal([empty.code, empty.asked('edit')], [2, []])
  const large = await runHere(['edit', MINE, 'ü'.repeat(32 * 1024 + 1)], { play: twoMessages })
  assert.equal([large.code, large.asked('edit')], [3, []])
})

test("exits with 3 for a message that is not here, or not one's own", async () => {
  const foreign = await runHere(['edit', THEIRS, 'x'], { play: twoMessages })
  assert.is(foreign.code, 3)
  assert.match(foreign.stderr, /not yours/)
  assert.is((await runHere(['delete', THEIRS], { play: twoMessages })).code, 3)
  assert.is((await runHere(['react', MINE, '👍'])).code, 3)
})

test('a message that is still on its way to here is waited for', async () => {
  const ran = await runHere(['react', THEIRS, '👍'], {
    play: chat => drainLater(chat, () => twoMessages(chat)),
  })
  assert.is(ran.code, 0, ran.stderr)
  assert.is(ran.asked('react').length, 2)
})

test('without a server a message that is not here is refused at once', async () => {
  const ran = await runHere(['react', THEIRS, '👍'], {
    play({ snapshot }) {
      Object.assign(snapshot, { drained: false, connection: { state: 'offline', reason: 'none' } })
    },
  })
  assert.is(ran.code, 3)
})

test('exits with 4 when no server has the change in time: it stays in the outbox', async () => {
  const ran = await runHere(['edit', MINE, 'new', '--timeout', '0.05'], {
    play(chat) {
      twoMessages(chat)
      chat.enqueue = () => void chat.snapshot.unsent++
    },
  })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /^fastchat: Cannot edit message: .*outbox.*\n$/)
})

test('exits with 3 and the reason when the change is refused later', async () => {
  const ran = await runHere(['delete', MINE], {
    play(chat) {
      twoMessages(chat)
      chat.enqueue = () => {
        chat.snapshot.unsent++
        setImmediate(() => {
          const failure = { code: 'not_a_member', message: 'Cannot send: you are out' }
          const notice = { type: 'change-failed' as const, what: 'delete' as const, ...failure }
          chat.snapshot.unsent--
          chat.emit({
            type: 'item',
            item: { kind: 'notice', id: 'n', conversation: 'c', seq: 9, at: 0, notice },
          })
        })
      }
    },
  })
  assert.equal([ran.code, ran.stderr], [3, 'fastchat: Cannot send: you are out\n'])
})

test('ends with 143 on SIGTERM', async () => {
  const ran = await runHere(['edit', MINE, 'new'], {
    play(chat, stop) {
      twoMessages(chat)
      chat.enqueue = () => {
        chat.snapshot.unsent++
        setImmediate(() => stop.abort(143))
      }
    },
  })
  assert.equal([ran.code, ran.stderr], [143, ''])
  assert.ok(ran.test.isClosed())
})

test('`timer` sets how long new messages of a conversation stay', async () => {
  const ran = await runHere(['timer', 'bob', '5m'])
  assert.is(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, /^New messages to bob disappear 5m after they are read\.\n$/)
  const [opened] = ran.asked('open')
  assert.equal(opened, { with: 'bob' })
  assert.is((ran.asked('setTimer')[0] as { afterMs: number }).afterMs, 300_000)
  const off = await runHere(['timer', '@bob', 'off', '--json'])
  const [printed] = jsonOf(off.stdout)
  assert.equal([printed?.to, printed?.disappearAfterMs], ['@bob', null])
  assert.match(String(printed?.conversation), /^bob/)
  assert.is((await runHere(['timer', '#ops', '1h'])).code, 3)
})

test.run()
