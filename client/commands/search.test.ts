import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conversationWith, type TestChat } from '../agent/test-chat.fixture.ts'
import { jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat search, export')

const folder = mkdtempSync(join(tmpdir(), 'fastchat-export-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

const AT = Date.UTC(2026, 10, 23, 9, 12, 3)

function talk({ snapshot, receive, messages }: TestChat): void {
  const known = (user: string, change = {}) => ({
    ...{ id: conversationWith(user), kind: 'direct' as const, with: user, unread: 0, lastAt: AT },
    ...change,
  })
  snapshot.conversations = [
    known('bob'),
    known('ops', { kind: 'group', title: 'Night\u001b[2J shift' }),
    known('mallory', { isRequest: true }),
    known('eve', { isBlocked: true }),
  ]
  receive('bob', 'a rope \u001b[2J')
  receive('ops', 'the rope broke')
  receive('mallory', 'buy a rope')
  receive('eve', 'rope')
  const answer = receive('bob', 'which rope?')
  Object.assign(answer, { from: 'alice', mine: true, state: 'read' })
  Object.assign(messages[0] ?? {}, { reactions: [{ emoji: '👍', from: ['alice'] }] })
}

test('`search` prints what was found, where and when, and says how much more there is', async () => {
  const ran = await runHere(['search', 'a', 'rope', '--limit', '1'], { play: talk })
  assert.equal(ran.asked('search'), [{ query: 'a rope', limit: 1 }])
  assert.equal([ran.code, ran.stdout], [0, '2026-11-23 09:12:03 (request) @mallory mallory: buy a rope\n'])
  assert.match(ran.stderr, '1 of 2; --limit')
  const none = await runHere(['search', 'nowhere'], { play: talk })
  assert.equal([none.code, none.stdout, none.stderr], [0, '', ''])
})

test('`search --in` looks in one conversation, which is not made for it', async () => {
  const ran = await runHere(['search', 'rope', '--in', '@bob', '--json'], { play: talk })
  assert.equal(ran.asked('search'), [{ query: 'rope', conversation: conversationWith('bob'), limit: 20 }])
  const [answer, first] = jsonOf(ran.stdout)
  assert.equal(
    [answer?.with, answer?.mine, answer?.state, answer?.text],
    ['bob', true, 'read', 'which rope?'],
  )
  assert.equal([first?.mine, first?.reactions], [undefined, [{ emoji: '👍', from: ['alice'] }]])
  assert.not.match(ran.stdout.replaceAll('\n', ''), /\p{Cc}/u)
  const nobody = await runHere(['search', 'rope', '--in', '#bob'], { play: talk })
  assert.equal([nobody.code, nobody.asked('open')], [3, []])
  assert.match(nobody.stderr, 'there is none here')
})

test('`export` prints the conversations that were accepted, from the first message to the last', async () => {
  const { code, stdout } = await runHere(['export'], { play: talk })
  assert.is(code, 0)
  assert.equal(stdout.split('\n'), [
    '== @bob ==',
    '2026-11-23 09:12:01 bob: a rope ',
    '2026-11-23 09:12:05 alice: which rope?',
    '',
    '== #ops "Night shift" ==',
    '2026-11-23 09:12:02 ops: the rope broke',
    '',
  ])
  const named = await runHere(['export', 'eve', '--json'], { play: talk })
  assert.equal(
    jsonOf(named.stdout).map(line => [line.with, line.text]),
    [['eve', 'rope']],
  )
})

test('`export` reads a long conversation by pages, each message once, holes or not', async () => {
  const { stdout } = await runHere(['export', 'bob', '--json'], {
    play(chat) {
      talk(chat)
      chat.messages.length = 0
      for (let n = 0; n < 900; n++) chat.receive('bob', `message ${n}`)
      chat.messages.splice(100, 250)
    },
  })
  const texts = jsonOf(stdout).map(line => Number(String(line.text).slice(8)))
  assert.is(texts.length, 650)
  assert.equal(
    texts,
    [...new Set(texts)].sort((a, b) => a - b),
  )
})

test('`export --output` writes a file for oneself only, and never over another one', async () => {
  const path = join(folder, 'bob.ndjson')
  const ran = await runHere(['export', 'bob', '--json', '--output', path], { play: talk })
  assert.equal([ran.code, ran.stdout], [0, ''])
  assert.is(jsonOf(readFileSync(path, 'utf8')).length, 2)
  assert.is(statSync(path).mode & 0o777, 0o600)
  const before = readFileSync(path, 'utf8')
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'))
  writeFileSync(join(folder, 'file'), '')
  for (const name of ['bob.ndjson', 'link', 'file/below', 'none/there']) {
    const again = await runHere(['export', '--output', join(folder, name)], { play: talk })
    assert.is(again.code, 2, name)
  }
  assert.is(readFileSync(path, 'utf8'), before)
  assert.not.ok(existsSync(join(folder, 'elsewhere')))
})

test('an export that is broken off leaves no file', async () => {
  const path = join(folder, 'half')
  const ran = await runHere(['export', '--output', path], {
    play(chat, stop) {
      talk(chat)
      const { history } = chat.chat
      chat.chat.history = async request => {
        stop.abort(143)
        return await history(request)
      }
    },
  })
  assert.equal([ran.code, existsSync(path)], [143, false])
})

test('command lines that are no search and no export are refused', async () => {
  for (const argv of [
    ['search'],
    ['search', ' '],
    ['search', 'x'.repeat(257)],
    ['search', 'x', '--limit', '0'],
    ['search', 'x', '--limit', '1001'],
    ['search', 'x', '--in', 'no body'],
    ['export', 'bob', 'carol'],
    ['export', '--json', '--text'],
    ['export', '--output', ''],
  ]) {
    assert.is((await runHere(argv)).code, 2, argv.join(' '))
  }
})

test.run()
