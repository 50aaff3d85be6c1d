import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { faults } from './catalog.ts'
import { type Cluster, createCluster } from './cluster.ts'
import { type Crowd, createCrowd } from './crowd.ts'
import { mutants } from './mutants.ts'
import { mutate, runMutant } from './mutated.ts'
import { formatHeader, formatOutcome, formatSkipped, isGood } from './report.ts'

/**
 * A few of the faults, small: `npm run faults` is all of them with a thousand messages each. The counts are printed.
 */
const test = suite('faults')
const QUICK = ['kill-server', 'kill-database', 'move', 'send-twice']
const MESSAGES = 120

let cluster: Cluster
let crowd: Crowd

test.before(async () => {
  try {
    cluster = await createCluster({ servers: 3 })
    crowd = await createCrowd(cluster, { users: 6 })
  } catch (error) {
    console.error(error)
    throw error
  }
  console.log(`\n${formatHeader()}`)
})

test.after(async () => {
  await crowd.close()
  await cluster.close()
})

for (const fault of faults.filter(({ name }) => QUICK.includes(name))) {
  test(`${fault.name}: nothing is lost, comes twice or out of order: ${fault.what}`, async () => {
    const reason = fault.skip?.({ cluster })
    if (reason !== undefined) {
      console.log(formatSkipped(fault, reason))
      return
    }
    const startedAt = performance.now()
    const outcome = await fault.run({ cluster, crowd, messages: MESSAGES, stallMs: 20_000 })
    const line = formatOutcome(fault, outcome, performance.now() - startedAt)
    console.log(line)
    assert.ok(isGood(outcome), line)
    assert.ok(outcome.expected >= MESSAGES)
  })
}

test('a defect put in on purpose is found: `stored` is said before the database has the message', async () => {
  const mutant = mutants.find(({ name }) => name === 'stored-before-insert')
  assert.ok(mutant)
  const size = { messages: 300, users: 4, servers: 2 }
  // Where the kill falls is chance: a second run is allowed before the defect counts as not found.
  const first = await runMutant(mutant, size)
  const { code, printed } = first.code === 1 ? first : await runMutant(mutant, size)
  assert.is(code, 1, printed)
  const [, lost] = /^kill-server\s+\d+\s+(\d+)/m.exec(printed) ?? []
  assert.ok(Number(lost) > 0, printed)
})

test('every defect that `npm run faults -- --mutants` puts in still has its place in the sources', () => {
  for (const mutant of mutants) mutate(mutant).remove()
})

test.run()
