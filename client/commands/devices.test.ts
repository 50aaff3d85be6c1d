import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import { run } from './run.fixture.ts'
import { drainLater, jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat devices')
const ID = '01a20a5c-0101-7abc-8def-0123456789ab'
const OTHER = '01a20a5c-0101-7abc-8def-0123456789ff'

test('lists them, `--json` an object a line', async () => {
  const plain = await run(['devices'])
  assert.equal([plain.code, plain.stdout], [0, `${ID}  since 2026-11-23 09:00:00  this device\n`])
  const json = await run(['devices', '--json'])
  assert.equal(JSON.parse(json.stdout), {
    deviceId: ID,
    since: '2026-11-23T09:00:00.000Z',
    current: true,
    active: true,
  })
})

test('`revoke` revokes one, and exits with 3 for one that is not of the account', async () => {
  const done = await run(['devices', 'revoke', ID.toUpperCase()])
  assert.equal([done.code, done.stdout], [0, `Revoked ${ID}.\n`])
  assert.equal(done.calls.find(({ method }) => method === 'revokeDevice')?.request, { deviceId: ID })
  const json = await run(['devices', 'revoke', ID, '--json'])
  assert.equal(JSON.parse(json.stdout), { revoked: ID })
  const foreign = await run(['devices', 'revoke', OTHER])
  assert.equal([foreign.code, foreign.stdout], [3, ''])
  assert.match(foreign.stderr, 'none of this account')
  assert.ok(foreign.isClosed)
})

const laptop = (chat: TestChat) => {
  chat.devices.push({
    deviceId: OTHER,
    name: 'lap\u001b[2Jtop',
    since: Date.UTC(2026, 10, 24),
    current: false,
    active: false,
  })
}

test('a device is shown by the name that its owner gave it', async () => {
  const people = await runHere(['devices'], { play: laptop })
  assert.match(people.stdout, new RegExp(`${OTHER}  "laptop"  since 2026-11-24 00:00:00  away for long`))
  const { stdout } = await runHere(['devices', '--json'], { play: laptop })
  assert.equal(
    jsonOf(stdout).map(({ name }) => name),
    [undefined, 'lap\u001b[2Jtop'],
  )
})

test('`name` gives a name and takes it back', async () => {
  const named = await runHere(['devices', 'name', ID, 'desk'])
  assert.equal([named.code, named.stdout], [0, `${ID} is "desk".\n`])
  assert.equal(named.asked('nameDevice'), [{ deviceId: ID, name: 'desk' }])
  const taken = await runHere(['devices', 'name', ID, '', '--json'])
  assert.equal(jsonOf(taken.stdout), [{ deviceId: ID, name: null }])
  assert.is((await runHere(['devices', 'name', OTHER, 'x'])).code, 3)
})

test('`share` offers the history and ends when a server has the offer', async () => {
  const ran = await runHere(['devices', 'share', OTHER, '--json'], { play: laptop })
  assert.equal([ran.code, jsonOf(ran.stdout)], [0, [{ offeredTo: OTHER, messages: 12 }]])
  assert.is(ran.test.snapshot.unsent, 0)
  const people = await runHere(['devices', 'share', OTHER], { play: laptop })
  assert.match(people.stdout, /Offered 12 messages.*devices history accept/)
  const stuck = await runHere(['devices', 'share', OTHER, '--timeout', '0.05'], {
    play(chat) {
      laptop(chat)
      chat.enqueue = () => void chat.snapshot.unsent++
    },
  })
  assert.is(stuck.code, 4)
  assert.is((await runHere(['devices', 'share', ID])).code, 3)
})

const MESSAGE = '01a20a5c-0101-7abc-8def-0123456789cc'
const SECOND = '01a20a5c-0101-7abc-8def-0123456789dd'
const offer = { id: MESSAGE, from: OTHER, messages: 12, conversations: 1 }
const offered = ({ snapshot }: TestChat) => void snapshot.historyOffers.push({ ...offer })
const twice = ({ snapshot }: TestChat) =>
  void snapshot.historyOffers.push({ ...offer }, { ...offer, id: SECOND })

test('`history` lists what is offered, also what is still on its way to here', async () => {
  const ran = await runHere(['devices', 'history'], {
    play: chat => drainLater(chat, () => offered(chat)),
  })
  assert.equal([ran.code, ran.stdout], [0, `${MESSAGE}  from ${OTHER}  12 messages of 1 conversation\n`])
  const { stdout } = await runHere(['devices', 'history', '--json'], { play: offered })
  assert.equal(jsonOf(stdout), [offer])
})

test('`history accept` and `decline` answer the only offer, or the one that is named', async () => {
  const accepted = await runHere(['devices', 'history', 'accept', '--json'], { play: offered })
  assert.equal([accepted.code, jsonOf(accepted.stdout)], [0, [{ accepted: MESSAGE, messages: 12 }]])
  assert.equal(accepted.asked('answerHistory'), [{ id: MESSAGE, isAccepted: true }])
  const declined = await runHere(['devices', 'history', 'decline', SECOND], { play: twice })
  assert.equal([declined.code, declined.stdout], [0, `Declined ${SECOND}.\n`])
  assert.equal(declined.asked('answerHistory'), [{ id: SECOND, isAccepted: false }])
  const unclear = await runHere(['devices', 'history', 'accept'], { play: twice })
  assert.equal([unclear.code, unclear.asked('answerHistory')], [2, []])
  const none = await runHere(['devices', 'history', 'accept'])
  assert.is(none.code, 3)
  assert.match(none.stderr, /devices share ID/)
})

test.run()
