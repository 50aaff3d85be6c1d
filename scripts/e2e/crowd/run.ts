/**
 * `npm run crowd -- [--members 200] [--servers 5] [--messages 1000]`: a large group in which people come, leave and are
 * removed while others write. Prints what was found; ends with 1 when anything was lost, came twice, out of order, or to
 * somebody who was not in the group.
 */
import { parseArgs } from 'node:util'
import { isClean, playCrowd } from './play.ts'

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '200' },
    servers: { type: 'string', default: '5' },
    messages: { type: 'string', default: '1000' },
    writers: { type: 'string', default: '20' },
    come: { type: 'string', default: '8' },
    leave: { type: 'string', default: '4' },
    removed: { type: 'string', default: '4' },
  },
})
const size = {
  members: Number(values.members),
  servers: Number(values.servers),
  messages: Number(values.messages),
  writers: Number(values.writers),
  come: Number(values.come),
  leave: Number(values.leave),
  removed: Number(values.removed),
}
const startedAt = performance.now()
const outcome = await playCrowd(size, line => {
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}\n`)
})
process.stdout.write(`${JSON.stringify(outcome)}\n`)
process.exit(isClean(outcome) ? 0 : 1)
