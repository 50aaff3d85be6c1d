/**
 * `npm run crowd -- [--members 200] [--servers 5] [--messages 1000] …`: a large group in which people come, leave and are
 * removed while others write. Prints what was found; ends with 1 when anything was lost, came twice, out of order, or to
 * somebody who was not in the group.
 */
import { parseArgs } from 'node:util'
import { type CrowdSize, isClean, playCrowd } from './play.ts'

const DEFAULTS: Readonly<CrowdSize> = {
  members: 200,
  servers: 5,
  messages: 1000,
  writers: 20,
  come: 8,
  leave: 4,
  removed: 4,
}
const NAMES = Object.keys(DEFAULTS) as (keyof CrowdSize)[]
const USAGE = `Usage: npm run crowd -- ${NAMES.map(name => `[--${name} ${DEFAULTS[name]}]`).join(' ')}
`

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const size = readSize(argv)
  if (typeof size === 'string') {
    const isHelp = size === ''
    ;(isHelp ? process.stdout : process.stderr).write(`${isHelp ? '' : `${size}\n`}${USAGE}`)
    return isHelp ? 0 : 2
  }
  const startedAt = performance.now()
  const outcome = await playCrowd(size, line => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    process.stdout.write(`${seconds.padStart(5)} s  ${line}\n`)
  })
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
  return isClean(outcome) ? 0 : 1
}

/** @returns the size; or what is wrong with it, empty when help is asked for */
function readSize(argv: readonly string[]): CrowdSize | string {
  const options = Object.fromEntries(NAMES.map(name => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return ''
    const size = { ...DEFAULTS }
    for (const name of NAMES) {
      const given = (values as Record<string, unknown>)[name]
      if (given === undefined) continue
      if (!/^\d{1,6}$/.test(String(given))) return `Cannot read --${name}: it is a whole number`
      size[name] = Number(given)
    }
    const { members, servers, writers, leave, removed } = size
    if (servers < 1 || writers < 1) return 'Cannot play: it needs a server and somebody who writes'
    if (writers + leave + removed > members) return 'Cannot play: fewer members than writers and those who go'
    return size
  } catch (error) {
    return `Cannot read command line: ${(error as Error).message}`
  }
}
