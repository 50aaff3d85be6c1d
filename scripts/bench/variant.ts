/** One variant in this process: `variant.ts NAME [--quick]` prints what it measured, as one line of JSON. */
import { FULL, QUICK } from './catalog.ts'
import type { Measured } from './figures.ts'

const [name = '', ...flags] = process.argv.slice(2)
const amount = flags.includes('--quick') ? QUICK : FULL

const measured = await measure()
process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0))

async function measure(): Promise<Measured> {
  switch (name) {
    case 'messages':
      return (await import('./cryptography.ts')).measureMessages(amount)
    case 'chains':
      return (await import('./cryptography.ts')).measureChains(amount)
    case 'password':
      return (await import('./cryptography.ts')).measurePassword()
    case 'search':
      return (await import('./timelines.ts')).measureSearch(amount)
    case 'history':
      return (await import('./timelines.ts')).measureHistory(amount)
    case 'terminal':
      return (await import('./terminal.ts')).measureTerminal(amount)
    case 'ceiling':
      return (await import('./ceiling.ts')).measureCeiling(amount)
    case 'one-server':
      return (await import('./servers.ts')).measureServers(amount, { id: 'one', servers: 1 })
    case 'two-servers':
      return (await import('./servers.ts')).measureServers(amount, { id: 'two', servers: 2 })
    case 'idle':
      return (await import('./servers.ts')).measureIdle(amount)
    case 'database':
      return (await import('./servers.ts')).measureDatabase(amount)
    default:
      throw new Error(`Cannot measure ${name}: there is no such variant`)
  }
}
