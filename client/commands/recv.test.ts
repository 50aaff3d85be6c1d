import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from './run.fixture.ts'

const test = suite('fastchat recv')

const hello = [
  { from: 'bob', text: 'one' },
  { from: 'carol', text: 'two' },
  { from: 'bob', text: 'three' },
]
const marked = (calls: { method: string; request?: unknown }[]) =>
  calls
    .filter(({ method }) => method === 'markRead')
    .map(({ request }) => (request as { upToSeq: number }).upToSeq)
const texts = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line).text)

test('`--json` prints an object a line in the order of arrival, and marks as read what it printed', async () => {
  const { code, stdout, stderr, calls, isClosed } = await run(['recv', '--json'], {
    scenario: { unread: hello },
  })
  assert.equal({ code, stderr, isClosed }, { code: 0, stderr: '', isClosed: true })
  assert.equal(texts(stdout), ['one', 'two', 'three'])
  const [line] = stdout.split('\n')
  assert.equal(Object.keys(JSON.parse(line ?? '')), [
    'id',
    'from',
    'conversation',
    'sentAt',
    'receivedAt',
    'text',
    'kind',
  ])
  assert.is(JSON.parse(line ?? '').sentAt, '2026-11-23T09:12:01.000Z')
  assert.equal(marked(calls).sort(), [2, 3])
})

test('prints nothing and exits with 0 when nothing is there', async () => {
  const { code, stdout } = await run(['recv', '--json'])
  assert.equal({ code, stdout }, { code: 0, stdout: '' })
})

test('waits until all that waits on the server is here', async () => {
  const later = [[{ from: 'bob', text: 'late' }], [{ from: 'bob', text: 'later' }]]
  const ran = await run(['recv', '--json', '--timeout', '1'], {
    scenario: { snapshot: { drained: false }, later },
  })
  assert.equal(texts(ran.stdout), ['late', 'later'])
  assert.is(ran.code, 4)
})

test('exits with 4 when no server is reached in time, having printed what is here', async () => {
  const ran = await run(['recv', '--json', '--timeout', '0.1'], {
    scenario: {
      unread: hello,
      snapshot: { drained: false, connection: { state: 'offline', reason: 'none answers' } },
    },
  })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /no server/)
  assert.is(texts(ran.stdout).length, 3)
})

test('`--count` ends after so many and leaves the rest unread', async () => {
  const ran = await run(['recv', '--json', '--count', '2'], { scenario: { unread: hello } })
  assert.is(ran.code, 0)
  assert.equal(texts(ran.stdout), ['one', 'two'])
  assert.equal(marked(ran.calls), [1, 2])
})

test('`--count` waits for messages to come, and exits with 5 when too few came in time', async () => {
  const later = [[{ from: 'bob', text: 'late' }]]
  const enough = await run(['recv', '--json', '-n', '4'], { scenario: { unread: hello, later } })
  assert.is(enough.code, 0)
  assert.equal(texts(enough.stdout), ['one', 'two', 'three', 'late'])
  const few = await run(['recv', '--json', '-n', '4', '--timeout', '0.2'], { scenario: { unread: hello } })
  assert.is(few.code, 5)
  assert.match(few.stderr, /3 came in time/)
  const nobody = await run(['recv', '-n', '1', '--timeout', '0.1'], {
    scenario: { snapshot: { connection: { state: 'connecting' } } },
  })
  assert.is(nobody.code, 4)
})

test('more than one batch is printed whole', async () => {
  const unread = Array.from({ length: 250 }, (_, n) => ({ from: 'bob', text: `${n}` }))
  const ran = await run(['recv', '--json'], { scenario: { unread } })
  assert.equal(
    texts(ran.stdout),
    unread.map(({ text }) => text),
  )
})

test('`--follow` goes on until SIGINT or SIGTERM, and says so by its exit code', async () => {
  for (const [signal, expected] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const later = [[{ from: 'bob', text: 'late' }], [{ from: 'bob', text: 'later' }]]
    const ran = await run(['recv', '--json', '--follow'], {
      scenario: { unread: hello, later },
      onOutput: (child, stdout) => {
        if (texts(stdout).length === 5 && child.pid) process.kill(child.pid, signal)
      },
    })
    assert.is(ran.code, expected)
    assert.equal(texts(ran.stdout), ['one', 'two', 'three', 'late', 'later'])
    assert.ok(ran.isClosed)
    assert.is(ran.stderr, '')
  }
})

test('`--follow --timeout` ends with 0', async () => {
  const ran = await run(['recv', '--json', '--follow', '--timeout', '0.2'], { scenario: { unread: hello } })
  assert.is(ran.code, 0)
  assert.is(texts(ran.stdout).length, 3)
})

test('a reader that goes away ends it quietly, and what it did not get stays unread', async () => {
  const unread = Array.from({ length: 90 }, (_, n) => ({ from: 'bob', text: `${n} ${'x'.repeat(20_000)}` }))
  const ran = await run(['recv', '--json'], {
    scenario: { unread },
    shell: '{ "$@"; echo "code $?" >&2; } | head -1',
  })
  assert.is(ran.stderr, 'code 0\n')
  assert.is(texts(ran.stdout).length, 1)
  const [upTo = 0] = marked(ran.calls)
  assert.ok(upTo < 90, `marked up to ${upTo}`)
  assert.ok(ran.isClosed)
})

test('the end of the session is an error that says why', async () => {
  const loggedOut = await run(['recv', '--follow'], { scenario: { closed: 'logged-out' } })
  assert.is(loggedOut.code, 3)
  assert.match(loggedOut.stderr, /logged out/)
  const revoked = await run(['recv', '--follow'], { scenario: { closed: 'revoked' } })
  assert.is(revoked.code, 3)
  assert.match(revoked.stderr, /revoked/)
})

test('without `--json` a line for people, in which a text cannot play tricks on the terminal', async () => {
  const text = 'a\u001b[2Jb\u009b31mc\u202ed\ne'
  const { stdout } = await run(['recv'], { scenario: { unread: [{ from: 'bob', text }] } })
  assert.match(stdout, /^2026-11-23 09:12:01 bob: a.*b.*c.*d\n {4}e\n$/)
  assert.not.match(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})

test('with `--json` a text comes back the same, and its tricks are escaped', async () => {
  const text = 'a\u001b[2Jb\u009b31mc\u202ed\ne\u{e0041}\u{1f600}\u200d'
  const { stdout } = await run(['recv', '--json'], { scenario: { unread: [{ from: 'bob', text }] } })
  assert.equal(texts(stdout), [text])
  assert.not.match(stdout.slice(0, -1), /[\p{Cc}\p{Cf}]/u)
})

test('a message that this version does not know is named, and a time that no calendar has does no harm', async () => {
  const change = { content: { type: 'unknown' as const, originally: 'poll\u001b' }, sentAt: 1e300 }
  const unread = [{ from: 'bob', text: '', change }]
  const json = await run(['recv', '--json'], { scenario: { unread } })
  const line = JSON.parse(json.stdout)
  assert.equal([line.text, line.unsupported, line.sentAt], [null, 'poll\u001b', '1970-01-01T00:00:00.000Z'])
  const human = await run(['recv'], { scenario: { unread } })
  assert.match(human.stdout, /\[poll.*not supported yet\]\n$/)
})

test.run()
