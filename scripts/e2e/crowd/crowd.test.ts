import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { playCrowd } from './play.ts'

/** The same as `npm run crowd`, small enough for every run of the gate. */
const test = suite('a large group whose members come and go')

test('everybody has what was written while they were in it, once and in order, and nothing else', async () => {
  const size = { members: 12, servers: 3, messages: 60, writers: 3, come: 2, leave: 2, removed: 2 }
  const outcome = await playCrowd(size, () => undefined)
  const { lost, duplicated, disordered, leaked, defects, written } = outcome
  assert.equal(
    { lost, duplicated, disordered, leaked, defects, written },
    { lost: 0, duplicated: 0, disordered: 0, leaked: 0, defects: 0, written: 60 },
  )
  assert.ok(outcome.expected > 8 * 60)
})

test.run()
