import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import type { FileItem, MessageItem, Transfer } from '../chat.ts'
import { jsonOf, type RanHere, runHere } from './run-here.fixture.ts'

const test = suite('fastchat send and save of files')

const ID = '01a20a5c-0101-7abc-8def-0123456789aa'
let folder = ''
let path = ''

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastchat-files-'))
  path = join(folder, 'crag.png')
  writeFileSync(path, 'a picture')
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

type Step = Pick<Transfer, 'done' | 'state'> | Partial<MessageItem>

/** Once a file is in the outbox, this becomes of it. */
function afterwards(chat: TestChat, steps: Iterable<Step>): void {
  const { sendFile } = chat.chat
  chat.chat.sendFile = async request => {
    const item = await sendFile(request)
    const { id, conversation } = item
    const iterator = steps[Symbol.iterator]()
    const next = () => {
      const { value: step, done: isOver } = iterator.next()
      if (isOver || !step) return
      if ('done' in step) {
        const transfer = { message: id, conversation, direction: 'up' as const, total: 1_000_000, ...step }
        chat.emit({ type: 'transfer', transfer })
      } else chat.change(id, step)
      setImmediate(next)
    }
    setImmediate(next)
    return { ...item }
  }
}

test('`send --image` sends a picture with a caption, `--file` a file without one', async () => {
  const play = (chat: TestChat) => afterwards(chat, [{ state: 'stored' }])
  const image = await runHere(['send', 'bob', '--image', path, 'our route', '--reply', ID], { play })
  assert.is(image.code, 0, image.stderr)
  assert.equal(image.asked('sendFile'), [{ to: 'bob', path, as: 'image', caption: 'our route', replyTo: ID }])
  const file = await runHere(['send', '@bob', '--file', path, '--json'], { play })
  assert.equal(file.asked('sendFile'), [{ to: '@bob', path, as: 'file' }])
  assert.is(jsonOf(file.stdout)[0]?.state, 'stored')
  assert.equal(file.asked('send'), [])
})

test('a path is taken from the working folder, a caption from standard input', async () => {
  const ran = await runHere(['send', 'bob', '--file', './README.md', '-'], {
    stdin: 'read this\n',
    play: chat => afterwards(chat, [{ state: 'stored' }]),
  })
  assert.equal(ran.asked('sendFile'), [
    { to: 'bob', path: resolve('README.md'), as: 'file', caption: 'read this' },
  ])
})

test('`send --reply` answers a message', async () => {
  const ran = await runHere(['send', 'bob', 'yes', '--reply', ID, '--timeout', '0'])
  assert.equal(ran.asked('send'), [{ to: 'bob', text: 'yes', replyTo: ID }])
})

test('exits with 2 for a file that is not there', async () => {
  const ran = await runHere(['send', 'bob', '--file', join(folder, 'none')])
  assert.equal([ran.code, ran.stdout], [2, ''])
})

test('what has moved is shown, and taken away in the end', async () => {
  const moving = [100_000, 250_000].map(done => ({ done, state: 'running' as const }))
  const ran = await runHere(['send', 'bob', '--file', path], {
    play: chat => afterwards(chat, [...moving, { done: 1_000_000, state: 'done' }, { state: 'stored' }]),
  })
  assert.is(ran.code, 0, ran.stderr)
  assert.equal(ran.progress.slice(0, 2), [
    'crag.png  10 %  100.0 kB of 1.0 MB',
    'crag.png  25 %  250.0 kB of 1.0 MB',
  ])
  assert.is(ran.progress.at(-1), null)
})

test('the time counts from when the file last moved', async () => {
  function* moving(): Iterable<Step> {
    const start = performance.now()
    while (performance.now() - start < 1500) yield { done: 100_000, state: 'running' }
    yield { state: 'stored' }
  }
  const ran = await runHere(['send', 'bob', '--file', path, '--timeout', '1'], {
    play: chat => afterwards(chat, moving()),
  })
  assert.is(ran.code, 0, ran.stderr)
})

test('exits with 4 when a file stands still for so long', async () => {
  const ran = await runHere(['send', 'bob', '--file', path, '--timeout', '0.1'], {
    play: chat => afterwards(chat, [{ done: 100_000, state: 'running' }]),
  })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /outbox/)
})

const file = (change: Partial<FileItem> = {}): FileItem => ({
  type: 'file',
  name: 'crag.jpg',
  mediaType: 'image/jpeg',
  size: 1_234_567,
  state: 'remote',
  ...change,
})

const receiveFile =
  (change: Partial<FileItem> = {}) =>
  (chat: TestChat) =>
    void Object.assign(chat.receive('bob', ''), { id: ID, content: file(change) })

test('`save` prints the path of the file', async () => {
  const plain = await runHere(['save', ID, folder], { play: receiveFile() })
  assert.equal([plain.code, plain.stdout], [0, `${join(folder, 'crag.jpg')}\n`])
  const here = await runHere(['save', ID, '--json'], { play: receiveFile() })
  assert.equal(here.asked('saveFile'), [{ id: ID, folder: resolve('.') }])
  assert.equal(jsonOf(here.stdout), [{ id: ID, path: resolve('crag.jpg') }])
})

test('`save` exits with 3 when no server has the file or there is no such message, 4 when nothing moves', async () => {
  assert.is((await runHere(['save', ID, folder], { play: receiveFile({ state: 'gone' }) })).code, 3)
  assert.is((await runHere(['save', ID, folder])).code, 3)
  const silent = await runHere(['save', ID, folder, '--timeout', '0.05'], {
    play({ chat }) {
      chat.saveFile = () => new Promise(() => undefined)
    },
  })
  assert.is(silent.code, 4)
})

const bigGroup = (memberCount: number) => (chat: TestChat) => {
  const conversation = `ops${'A'.repeat(40)}`
  chat.snapshot.conversations = [
    { id: conversation, kind: 'group', with: 'ops', unread: 0, lastAt: 0, role: 'member', memberCount },
  ]
  chat.groups.set('ops', { group: 'ops', conversation, role: 'member', epoch: 0, members: [] })
}

function whenSent(chat: TestChat, steps: readonly Partial<MessageItem>[]): void {
  const { send } = chat.chat
  chat.chat.send = async request => {
    const item = await send(request)
    setImmediate(() => {
      for (const step of steps) chat.change(item.id, step)
    })
    return { ...item }
  }
}

const sendToGroup = (play: (chat: TestChat) => void, to = '#ops'): Promise<RanHere> =>
  runHere(['send', to, 'hi', '--wait', 'delivered', '--timeout', '0.1'], { play })

test('`--wait delivered` is refused in a group in which nobody tells, before anything is sent', async () => {
  for (const to of ['#ops', 'ops']) {
    const ran = await sendToGroup(bigGroup(33), to)
    assert.is(ran.code, 2)
    assert.match(ran.stderr, /more than 32.*--wait stored/)
    assert.equal(ran.asked('send'), [])
  }
})

test('`--wait delivered` waits in a group until all members have it', async () => {
  const all = await sendToGroup(chat => {
    bigGroup(32)(chat)
    whenSent(chat, [{ state: 'stored', receipts: { delivered: 1, read: 0, of: 31 } }, { state: 'delivered' }])
  })
  assert.is(all.code, 0, all.stderr)
  const some = await sendToGroup(chat => {
    bigGroup(3)(chat)
    whenSent(chat, [{ state: 'stored', receipts: { delivered: 1, read: 0, of: 2 } }])
  })
  assert.is(some.code, 5)
  assert.match(some.stderr, /only 1 of 2 members/)
})

test('`--wait delivered` is over at once in a group of one, and when all have read', async () => {
  const alone = await sendToGroup(chat => {
    bigGroup(1)(chat)
    whenSent(chat, [{ state: 'stored' }])
  })
  assert.is(alone.code, 0, alone.stderr)
  const read = await sendToGroup(chat => {
    bigGroup(2)(chat)
    whenSent(chat, [{ state: 'read' }])
  })
  assert.is(read.code, 0, read.stderr)
})

test('a group that is not known is exit code 3', async () => {
  const ran = await runHere(['send', '#ops', 'hi'])
  assert.is(ran.code, 3)
})

test.run()
