import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from './run.fixture.ts'
import { runHere } from './run-here.fixture.ts'

const test = suite('fastchat send')

const sends = (calls: { method: string; request?: unknown }[]) =>
  calls.filter(({ method }) => method === 'send').map(({ request }) => request)

test('exits with 0 and prints nothing when a server has stored the message', async () => {
  const { code, stdout, stderr, calls, isClosed } = await run(['send', 'Bob', 'hi there'], {
    scenario: { onSend: [{ state: 'stored' }] },
  })
  assert.equal({ code, stdout, stderr, isClosed }, { code: 0, stdout: '', stderr: '', isClosed: true })
  assert.equal(sends(calls), [{ to: 'bob', text: 'hi there' }])
})

test('`--wait delivered` waits on until it is, `--json` prints what became of it', async () => {
  const { code, stdout } = await run(['send', 'bob', 'hi', '--wait', 'delivered', '--json'], {
    scenario: { onSend: [{ state: 'stored' }, { state: 'delivered' }] },
  })
  assert.is(code, 0)
  const line = JSON.parse(stdout)
  assert.match(line.id, /^[0-9a-f-]{36}$/)
  assert.is(line.state, 'delivered')
  assert.is(line.to, 'bob')
  assert.is(line.sentAt, new Date(line.sentAt).toISOString())
})

test('exits with 4 and says that it stays in the outbox when no server stores it in time', async () => {
  const ran = await run(['send', 'bob', 'hi', '--timeout', '0.2', '--json'])
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /^fastchat: Cannot send to "bob": .*0\.2 s.*outbox.*\n$/)
  assert.is(JSON.parse(ran.stdout).state, 'queued')
  assert.ok(ran.isClosed)
})

test('exits with 4 and says that nothing is sent when nobody could be asked in time', async () => {
  const ran = await run(['send', 'bob', 'hi', '--timeout', '0.2'], { scenario: { holdSend: true } })
  assert.is(ran.code, 4)
  assert.match(ran.stderr, /nothing is sent/)
})

test('exits with 5 when it is stored but not delivered in time', async () => {
  const ran = await run(['send', 'bob', 'hi', '--wait', 'delivered', '--timeout', '0.2'], {
    scenario: { onSend: [{ state: 'stored' }] },
  })
  assert.is(ran.code, 5)
  assert.match(ran.stderr, /no device of "bob"/)
})

test('exits with 3 and the reason when it is refused, at once or later', async () => {
  const unknown = await run(['send', 'nobody', 'hi'])
  assert.is(unknown.code, 3)
  assert.is(unknown.stderr, 'fastchat: Cannot send to "nobody": no such user\n')
  const failure = {
    code: 'account_key_changed',
    message: 'Cannot send to "bob": the account key has changed',
  }
  const later = await run(['send', 'bob', 'hi'], { scenario: { onSend: [{ state: 'failed', failure }] } })
  assert.is(later.code, 3)
  assert.is(later.stderr, `fastchat: ${failure.message}\n`)
})

test('an error never brings a control sequence to the terminal, whoever worded it', async () => {
  const failure = { code: 'bad_request', message: 'Cannot: \u001b]0;title\u0007\u009b2J\u202enot\r\nso' }
  const ran = await run(['send', 'bob', 'hi'], { scenario: { onSend: [{ state: 'failed', failure }] } })
  assert.is(ran.stderr, 'fastchat: Cannot: not so\n')
})

test('`-` sends standard input as one message, without the line break at its end', async () => {
  const { code, calls, stderr } = await run(['send', 'bob', '-'], {
    stdin: 'one\ntwo\n',
    scenario: { onSend: [{ state: 'stored' }] },
  })
  assert.is(code, 0, stderr)
  assert.equal(sends(calls), [{ to: 'bob', text: 'one\ntwo' }])
  for (const [stdin, text] of [
    ['über 😀', 'über 😀'],
    ['a\r\n', 'a'],
    ['x\n\n', 'x\n'],
    [`${'y'.repeat(64 * 1024)}\n`, 'y'.repeat(64 * 1024)],
  ] as const) {
    const ran = await runHere(['send', 'bob', '-', '--timeout', '0'], { stdin })
    assert.equal(ran.asked('send'), [{ to: 'bob', text }])
  }
})

test('refuses a text that is empty, too long, or no UTF-8, before a session is opened', async () => {
  for (const [argv, stdin, code] of [
    [['send', 'bob', ''], '', 2],
    [['send', 'bob', '-'], '', 2],
    [['send', 'bob', '-'], '\n', 2],
    [['send', 'bob', '-'], Uint8Array.of(0x68, 0xff), 2],
    [['send', 'bob', '-'], 'y'.repeat(64 * 1024 + 1), 3],
    [['send', 'bob', 'ü'.repeat(32 * 1024 + 1)], '', 3],
  ] as const) {
    const ran = await runHere([...argv], { stdin })
    assert.is(ran.code, code, ran.stderr)
    assert.match(ran.stderr, /^fastchat: Cannot (send|read).*\n$/)
    assert.equal(ran.test.calls, [])
  }
  const endless = await run(['send', 'bob', '-'], { stdin: 'y'.repeat(1024 * 1024) })
  assert.is(endless.code, 3, endless.stderr)
  assert.equal(endless.calls, [])
})

test('takes the account of `--as`, else the only one, else says which there are', async () => {
  const accounts = [
    { userId: 'alice', loggedIn: true },
    { userId: 'carol', loggedIn: false },
  ]
  const resumed = (calls: { method: string; request?: unknown }[]) =>
    calls.find(({ method }) => method === 'resume')?.request
  const onSend = [{ state: 'stored' as const }]
  const as = await run(['send', 'bob', 'hi', '--as', 'Carol'], { scenario: { accounts, onSend } })
  assert.is(resumed(as.calls), 'carol')
  const only = await run(['send', 'bob', 'hi'], {
    scenario: { accounts: [{ userId: 'dave', loggedIn: true }], onSend },
  })
  assert.is(resumed(only.calls), 'dave')
  const several = await run(['send', 'bob', 'hi'], { scenario: { accounts } })
  assert.is(several.code, 2)
  assert.match(several.stderr, /alice, carol.*--as/)
  const none = await run(['send', 'bob', 'hi'], { scenario: { accounts: [] } })
  assert.is(none.code, 2)
  assert.match(none.stderr, /signup/)
})

test('exits with 143 on SIGTERM, having closed the session', async () => {
  const ran = await run(['send', 'bob', 'hi', '--timeout', '60'], {
    scenario: { announce: true },
    onOutput: child => child.pid && process.kill(child.pid, 'SIGTERM'),
  })
  assert.is(ran.code, 143)
  assert.ok(ran.isClosed)
  assert.is(ran.stderr, '')
})

test('exits with 1 for a defect, without its message', async () => {
  const ran = await run(['send', 'bob', 'hi'], { scenario: { error: 'defect' } })
  assert.is(ran.code, 1)
  assert.match(ran.stderr, /internal error.*\nTypeError\n +at /)
  assert.not.match(ran.stderr, /private/)
})

test.run()
