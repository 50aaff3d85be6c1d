import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../../schema/errors.ts'
import { hello, startFakeMongo } from '../../testing/fake-mongo.ts'
import { createTestLog } from '../../testing/test-log.ts'
import { systemClock } from '../node/system-clock.ts'
import { connectDatabase } from './connect.ts'

const test = suite('connectDatabase() with deployments that will not do')

/** What it says of a deployment. */
async function said(changes: Record<string, unknown>, commands: Record<string, unknown> = {}) {
  const fake = await startFakeMongo(command => {
    const [name = ''] = Object.keys(command)
    if (['hello', 'ismaster', 'isMaster'].includes(name)) return { ...hello('127.0.0.1:1'), ...changes }
    return (commands[name] ?? commands.any ?? { ok: 1 }) as Record<string, unknown>
  })
  let thrown: unknown
  const signal = new AbortController().signal
  const uri = `${fake.uri}&directConnection=true`
  await connectDatabase({ uri, clock: systemClock, log: createTestLog(), signal }).catch(error => {
    thrown = error
  })
  fake.close()
  assert.instance(thrown, FastChatError)
  const { code, message } = thrown as FastChatError
  assert.is(code, 'database_unusable')
  return message
}

test('a MongoDB that stands alone has no change streams', async () => {
  assert.match(await said({ setName: undefined, hosts: undefined }), /neither a replica set nor a sharded/)
})

test('a MongoDB before 4.4 is too old', async () => {
  assert.match(await said({ maxWireVersion: 8 }), /older than MongoDB 4\.4/)
  assert.match(await said({ maxWireVersion: 6 }), /older than MongoDB 4\.4/)
})

test('a user without permission is told so', async () => {
  const denied = { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized on fastchat' }
  assert.match(await said({}, { any: denied }), /no permission/)
})

test.run()
