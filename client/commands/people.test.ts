import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import { SAFETY_NUMBER } from '../agent/test-chat-calls.fixture.ts'
import type { ConversationSummary, Verification } from '../chat.ts'
import { drainLater, jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat verify, trust, block, accept')

const GROUPED = SAFETY_NUMBER.replace(/.{5}/g, '$& ').trim()

const known =
  (change: Partial<Verification>) =>
  ({ verifications }: TestChat) => {
    const bob = {
      user: 'bob',
      safetyNumber: SAFETY_NUMBER,
      qr: 'AQID',
      isVerified: false,
      isKeyChanged: false,
    }
    verifications.set('bob', { ...bob, ...change })
  }

test('`verify` prints 12 groups of 5 and whether they were compared', async () => {
  const ran = await runHere(['verify', 'bob'])
  assert.is(ran.code, 0, ran.stderr)
  assert.is(ran.stdout.match(/\b\d{5}\b/g)?.join(''), SAFETY_NUMBER)
  assert.match(ran.stdout, /not verified.*--confirm/)
  const verified = await runHere(['verify', 'bob'], { play: known({ isVerified: true }) })
  assert.match(verified.stdout, /bob is verified/)
  const changed = await runHere(['verify', 'bob'], { play: known({ isKeyChanged: true }) })
  assert.match(changed.stdout, /changed.*fastchat trust bob/)
  assert.is((await runHere(['verify', 'nobody'])).code, 3)
})

test('`verify --json` is one object', async () => {
  const { stdout } = await runHere(['verify', 'bob', '--json'])
  assert.equal(jsonOf(stdout), [
    { user: 'bob', safetyNumber: GROUPED, qr: 'AQIDBA', verified: false, keyChanged: false },
  ])
})

test('`verify --qr` shows the code on a terminal, and needs one', async () => {
  const shown = await runHere(['verify', 'bob', '--qr'], { isTerminal: true })
  assert.is(shown.code, 0)
  assert.match(shown.stdout.replaceAll('\u001b', 'ESC'), /ESC\[38;5;16;48;5;231m[ ▀▄█]+ESC\[0m\n/)
  const piped = await runHere(['verify', 'bob', '--qr'])
  assert.equal([piped.code, piped.stdout], [2, ''])
  assert.match(piped.stderr, /no terminal/)
})

test('`verify --confirm` marks only with the present number', async () => {
  const ran = await runHere(['verify', 'bob', '--confirm', GROUPED, '--json'])
  assert.is(ran.code, 0, ran.stderr)
  assert.equal(ran.asked('setVerified'), [{ user: 'bob', isVerified: true, safetyNumber: SAFETY_NUMBER }])
  assert.is(jsonOf(ran.stdout)[0]?.verified, true)
  const wrong = await runHere(['verify', 'bob', '--confirm', '0'.repeat(60)])
  assert.equal([wrong.code, wrong.stdout, wrong.asked('setVerified')], [3, '', []])
  assert.match(wrong.stderr, /not the safety number/)
  const changed = await runHere(['verify', 'bob', '--confirm', SAFETY_NUMBER], {
    play: known({ isKeyChanged: true }),
  })
  assert.equal([changed.code, changed.asked('setVerified')], [3, []])
  assert.match(changed.stderr, /fastchat trust bob/)
})

test('`verify --revoke` takes it back; the same again changes nothing', async () => {
  const ran = await runHere(['verify', 'bob', '--revoke'], { play: known({ isVerified: true }) })
  assert.equal([ran.code, ran.stdout], [0, 'bob is not verified.\n'])
  assert.equal(ran.asked('setVerified'), [{ user: 'bob', isVerified: false, safetyNumber: SAFETY_NUMBER }])
  const again = await runHere(['verify', 'bob', '--revoke'])
  assert.equal([again.code, again.asked('setVerified')], [0, []])
})

test('`trust --yes` accepts a changed key, and prints what was and what is', async () => {
  const play = known({ isKeyChanged: true, isVerified: true })
  const ran = await runHere(['trust', 'bob', '--yes', '--json'], { play })
  assert.is(ran.code, 0, ran.stderr)
  assert.equal(ran.asked('acceptKey'), [{ user: 'bob' }])
  assert.equal(ran.questions, [])
  assert.equal(jsonOf(ran.stdout), [
    {
      user: 'bob',
      before: { verified: true, keyChanged: true },
      after: { verified: false, keyChanged: false },
      safetyNumber: GROUPED,
    },
  ])
  const people = await runHere(['trust', 'bob', '--yes'], { play })
  assert.match(people.stdout, /^before: .*changed.*\nnow: +accepted, not verified; .*\d{5}/)
})

test('`trust` asks, and takes no for an answer', async () => {
  const play = known({ isKeyChanged: true })
  const yes = await runHere(['trust', 'bob'], { play, answer: true })
  assert.equal([yes.code, yes.asked('acceptKey').length], [0, 1])
  assert.match(String(yes.questions[0]), new RegExp(GROUPED))
  const no = await runHere(['trust', 'bob'], { play, answer: false })
  assert.equal([no.code, no.asked('acceptKey')], [3, []])
  const nobody = await runHere(['trust', 'bob'], { play })
  assert.equal([nobody.code, nobody.asked('acceptKey')], [2, []])
  const away = await runHere(['trust', 'bob'], { play, answer: 'ctrl-c' })
  assert.equal([away.code, away.asked('acceptKey')], [130, []])
})

test('`trust` asks nothing when nothing has changed', async () => {
  const ran = await runHere(['trust', 'bob'])
  assert.equal([ran.code, ran.questions, ran.asked('acceptKey')], [0, [], []])
  assert.match(ran.stdout, /nothing to accept/)
})

test('a change of the key that is still on its way to here is seen', async () => {
  const ran = await runHere(['verify', 'bob', '--json'], {
    play: chat => drainLater(chat, () => known({ isKeyChanged: true })(chat)),
  })
  assert.is(jsonOf(ran.stdout)[0]?.keyChanged, true)
})

test('`block` and `unblock`', async () => {
  for (const isBlocked of [true, false]) {
    const command = isBlocked ? 'block' : 'unblock'
    const ran = await runHere([command, 'bob', '--json'])
    assert.equal([ran.code, jsonOf(ran.stdout)], [0, [{ user: 'bob', blocked: isBlocked }]])
    assert.equal(ran.asked('block'), [{ user: 'bob', isBlocked }])
  }
  assert.is((await runHere(['block', 'bob'])).stdout, 'Blocked bob.\n')
  assert.is((await runHere(['block', 'nobody'])).code, 3)
})

const request = (change: Partial<ConversationSummary>): ConversationSummary => ({
  id: 'c1',
  kind: 'direct',
  with: 'mallory',
  unread: 1,
  lastAt: 0,
  isRequest: true,
  ...change,
})

test('`accept` takes in what is meant, also when it is still on its way to here', async () => {
  const arrive = (chat: TestChat) => () => {
    chat.snapshot.conversations = [request({}), request({ id: 'c2', kind: 'group', with: 'ops' })]
  }
  for (const [to, conversation] of [
    ['mallory', 'c1'],
    ['@mallory', 'c1'],
    ['#ops', 'c2'],
    ['ops', 'c2'],
  ] as const) {
    const ran = await runHere(['accept', to, '--json'], { play: chat => drainLater(chat, arrive(chat)) })
    assert.equal([ran.code, jsonOf(ran.stdout)], [0, [{ accepted: to, conversation }]])
    assert.equal(ran.asked('accept'), [{ conversation }])
    assert.is(ran.test.snapshot.unsent, 0)
  }
})

test('`accept` refuses what has not come, and asks which one is meant of two', async () => {
  const play = ({ snapshot }: TestChat) => {
    snapshot.conversations = [request({}), request({ id: 'c2', kind: 'group' })]
  }
  const two = await runHere(['accept', 'mallory'], { play })
  assert.equal([two.code, two.asked('accept')], [2, []])
  assert.is((await runHere(['accept', '#mallory'], { play })).code, 0)
  const none = await runHere(['accept', '#bob'], { play })
  assert.is(none.code, 3)
  assert.match(none.stderr, /fastchat requests/)
})

test.run()
