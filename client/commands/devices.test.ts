import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from './run.fixture.ts'

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

test.run()
