import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from './wait-for.ts'

const test = suite('waitFor')

test('`waitFor()` returns the first truthy answer when the probe has one', async () => {
  const answers = [undefined, 0, '', null, 'here']
  assert.is(await waitFor(() => answers.shift(), { what: 'an answer', intervalMs: 1 }), 'here')
})

test('`waitFor()` asks again when the probe throws', async () => {
  let calls = 0
  const probe = async () => {
    if (++calls < 3) throw new Error('not yet')
    return calls
  }
  assert.is(await waitFor(probe, { what: 'the third call', intervalMs: 1 }), 3)
})

test('`waitFor()` rejects naming what it awaited and the last error when time is up', async () => {
  const probe = () => {
    throw new Error('connection refused')
  }
  const error = await failure(waitFor(probe, { what: 'the server', timeoutMs: 30, intervalMs: 5 }))
  assert.is(error.message, 'Cannot wait for the server: not so after 30 ms: connection refused')
  assert.instance(error.cause, Error)
})

test('`waitFor()` rejects when the probe never answers', async () => {
  const error = await failure(waitFor(() => new Promise(() => undefined), { what: 'nothing', timeoutMs: 30 }))
  assert.match(error.message, 'the probe did not answer')
})

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('Cannot read the failure: it succeeded')
  return error
}

test.run()
