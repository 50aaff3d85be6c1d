import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import type { GroupInfo } from '../chat.ts'
import { drainLater, jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat group')

function info(change: Partial<GroupInfo> = {}): GroupInfo {
  return {
    group: 'ops',
    conversation: 'c-ops',
    title: 'Operations',
    role: 'admin',
    epoch: 3,
    members: [
      { user: 'alice', isAdmin: true, isMe: true, isVerified: false },
      { user: 'bob', isAdmin: false, isMe: false, isVerified: true },
    ],
    ...change,
  }
}

const withOps =
  (change: Partial<GroupInfo> = {}) =>
  ({ groups }: TestChat) =>
    void groups.set('ops', info(change))

test('`create` makes one with members and a title, and prints it once a server has all of it', async () => {
  const ran = await runHere(['group', 'create', '#Ops', 'bob', '@carol', '--title', 'Operations', '--json'])
  assert.equal([ran.code, ran.stderr], [0, ''])
  assert.equal(ran.asked('createGroup'), [{ group: 'ops', members: ['bob', 'carol'], title: 'Operations' }])
  const [printed] = jsonOf(ran.stdout)
  assert.equal(
    [printed?.group, printed?.title, printed?.role, printed?.epoch],
    ['ops', 'Operations', 'admin', 0],
  )
  const members = printed?.members
  assert.equal(Array.isArray(members) && members[0], {
    user: 'alice',
    isAdmin: true,
    isMe: true,
    isVerified: false,
  })
  assert.is(ran.test.snapshot.unsent, 0)
  assert.ok(ran.test.isClosed())
})

test('people read a line for the group and one for each member, in which a title plays no tricks', async () => {
  const { stdout, code } = await runHere(['group', 'members', 'ops'], {
    play: withOps({ title: 'O\u001b[2Jps\nbob  admin' }),
  })
  assert.is(code, 0)
  assert.is(stdout, '#ops  "Ops bob  admin"  admin  2 members\n  alice  admin  you\n  bob  verified\n')
})

test('a group whose server shows what cannot be true is said to be so', async () => {
  const { stdout } = await runHere(['group', 'members', 'ops'], { play: withOps({ role: 'refused' }) })
  assert.match(stdout, /cannot be true/)
})

test('`add`, `remove`, `promote`, `demote`, `title` ask for it and print the group', async () => {
  for (const [words, method, request] of [
    ['add ops carol dave', 'addMembers', { group: 'ops', members: ['carol', 'dave'] }],
    ['remove ops bob', 'removeMembers', { group: 'ops', members: ['bob'] }],
    ['promote ops bob', 'setAdmin', { group: 'ops', user: 'bob', isAdmin: true }],
    ['demote ops bob', 'setAdmin', { group: 'ops', user: 'bob', isAdmin: false }],
    ['title ops Night', 'setTitle', { group: 'ops', title: 'Night' }],
  ] as const) {
    const ran = await runHere(['group', ...words.split(' '), '--json'], { play: withOps() })
    assert.is(ran.code, 0, ran.stderr)
    assert.equal(ran.asked(method), [request])
    assert.is(jsonOf(ran.stdout)[0]?.group, 'ops')
  }
})

test('exits with 3 and a sentence when it is refused', async () => {
  for (const words of ['add ops bob', 'remove ops bob', 'promote ops bob', 'title ops x']) {
    const ran = await runHere(['group', ...words.split(' ')], { play: withOps({ role: 'member' }) })
    assert.equal([ran.code, ran.stdout], [3, ''])
    assert.match(ran.stderr, /^fastchat: Cannot .*admin\n$/)
  }
  for (const [words, play] of [
    ['create taken', undefined],
    ['create ops nobody', undefined],
    ['members other', undefined],
    ['add ops nobody', withOps()],
    ['promote ops carol', withOps()],
  ] as const) {
    const ran = await runHere(['group', ...words.split(' ')], play ? { play } : {})
    assert.is(ran.code, 3, words)
  }
})

test('`leave` says what the last admin has to do first', async () => {
  const stays = await runHere(['group', 'leave', 'ops'], { play: withOps() })
  assert.is(stays.code, 3)
  assert.match(stays.stderr, /fastchat group promote ops USER/)
  const alone = withOps({ members: info().members.slice(0, 1) })
  const gone = await runHere(['group', 'leave', 'ops', '--json'], { play: alone })
  assert.equal([gone.code, jsonOf(gone.stdout)], [0, [{ left: 'ops' }]])
})

test('exits with 4 when no server answers in time', async () => {
  const ran = await runHere(['group', 'create', 'ops', '--timeout', '0.05'], {
    play({ chat }) {
      chat.createGroup = () => new Promise(() => undefined)
    },
  })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /Cannot create group "ops": no server has answered in time/)
})

test('exits with 4 when what goes to the members stays in the outbox', async () => {
  const ran = await runHere(['group', 'title', 'ops', 'Night', '--timeout', '0.05'], {
    play(chat) {
      withOps()(chat)
      chat.enqueue = () => void chat.snapshot.unsent++
    },
  })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /outbox/)
})

test('a group that is still on its way to here is waited for', async () => {
  const play = (chat: TestChat) => drainLater(chat, () => chat.groups.set('ops', info()))
  assert.is((await runHere(['group', 'members', 'ops'], { play })).code, 0)
  assert.is((await runHere(['group', 'add', 'ops', 'carol'], { play })).code, 0)
})

test('a roster that comes a little after the rest is waited for', async () => {
  const play = (chat: TestChat) =>
    drainLater(chat, () =>
      setImmediate(() => {
        chat.groups.set('ops', info())
        chat.emit({ type: 'queued', queued: 0 })
      }),
    )
  const ran = await runHere(['group', 'add', 'ops', 'carol'], { play })
  assert.is(ran.code, 0, ran.stderr)
})

test('`members` says what is known when there is no server', async () => {
  const ran = await runHere(['group', 'members', 'ops'], {
    play(chat) {
      withOps()(chat)
      Object.assign(chat.snapshot, { drained: false, connection: { state: 'offline', reason: 'none' } })
    },
  })
  assert.is(ran.code, 0, ran.stderr)
})

test('`list` prints groups only', async () => {
  const play = ({ snapshot }: TestChat) => {
    snapshot.conversations = [
      {
        id: 'c1',
        kind: 'group',
        with: 'ops',
        title: 'O',
        unread: 2,
        lastAt: 0,
        role: 'member',
        memberCount: 3,
      },
      { id: 'c2', kind: 'direct', with: 'bob', unread: 0, lastAt: 0 },
      { id: 'c3', kind: 'group', with: 'old', unread: 0, lastAt: 0, role: 'gone', memberCount: 1 },
    ]
  }
  const people = await runHere(['group', 'list'], { play })
  assert.is(people.stdout, '#ops  "O"  member  3 members\n#old  no member any more  1 member\n')
  const { stdout } = await runHere(['group', 'list', '--json'], { play })
  assert.equal(jsonOf(stdout)[0], {
    group: 'ops',
    conversation: 'c1',
    title: 'O',
    role: 'member',
    memberCount: 3,
  })
})

test.run()
