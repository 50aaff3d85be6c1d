import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exitCodes } from '../../schema/errors.ts'
import { currentRuntime } from '../test/runtimes.ts'
import { openChat } from './chat.ts'
import { RECOVERY_CODE, robotAt } from './robot.ts'
import type { TestTerminal } from './terminal.ts'
import { createTwoServers, type Host, otherRuntime, type Person, succeed, type World } from './world.ts'

/** Alice forgets her password, at two servers and on both runtimes. Each test goes on where the one before has ended. */
const test = suite('a forgotten password')

const SECOND = 'gooseberry pie on tuesdays'
const THIRD = 'elderflower every other june'

let world: World
let first: Host
let second: Host
let alice: Person
let elsewhere: Person
let code: string
let terminal: TestTerminal | undefined

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  elsewhere = world.person('alice', { servers: [second], runtime: otherRuntime(), password: SECOND })
  const printed = await succeed(alice, ['signup', 'alice'])
  code = RECOVERY_CODE.exec(printed)?.[0] ?? ''
  assert.ok(code, printed)
})

test.after(async () => {
  await terminal?.close()
  await world?.close()
})

test('a recovery code and a new password open the account on a machine where it never was', async () => {
  terminal = openChat(elsewhere, { server: second })
  const robot = robotAt(terminal)
  await robot.sees('Recover')
  robot.presses('down', 'down', 'enter')
  await robot.sees('Code')
  robot.types('alice')
  robot.presses('tab')
  robot.pastes(code.toLowerCase())
  for (const _ of [1, 2]) {
    robot.presses('tab')
    robot.types(SECOND)
  }
  await robot.sees('strong')
  robot.presses('enter')
  const another = await robot.keepsCode()
  assert.is.not(another, code)
  await robot.isIn('alice')
  await robot.quits()
  code = another
})

test('the old password opens nothing any more, and the first machine is still logged in', async () => {
  const refused = await alice.run(['login', 'alice'])
  assert.is(refused.code, exitCodes.refused)
  assert.match(refused.stderr, /password is wrong/)
  assert.match(await succeed(alice, ['devices', '--json']), /\n.*\n/)
})

test('`password` sets another one, `recover` takes the latest code from standard input, and each code is good once', async () => {
  const changed = ['password', '--password-stdin']
  await succeed(alice, changed, { stdin: `${SECOND}\n${THIRD}\n` })
  const recover = ['recover', 'alice', '--password-stdin']
  const printed = await succeed(elsewhere, recover, { stdin: `${code}\n${SECOND}\n` })
  assert.match(printed, RECOVERY_CODE)
  const again = await elsewhere.run(recover, { stdin: `${code}\n${THIRD}\n` })
  assert.is(again.code, exitCodes.refused)
  assert.not.match(again.stderr, RECOVERY_CODE)
})

test.run()
