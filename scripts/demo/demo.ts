import { parseArgs } from 'node:util'
import { stopOnSignals } from '../../client/commands/stop.ts'
import { readEnvironment } from '../../client/config/environment.ts'
import { exitCodes, FastChatError } from '../../schema/errors.ts'
import { endWithNpm } from '../server-process.ts'
import { createPace } from './pace.ts'
import { createWorld } from './people.ts'
import { showTour } from './script.ts'
import { createTour, MIN_COLS, MIN_ROWS, type Tour } from './tour.ts'

const MIN_SPEED = 0.1
const MAX_SPEED = 20

const help = `Usage: fastchat demo [--speed N] [--fast]        (npm run demo, deno task demo)

A tour of the chat that runs by itself: two made-up people, Alice and Bob, on a server
of their own on this machine. What you see is Alice's terminal, the real program; what
is being shown stands below it. Nothing of yours is read or changed, nothing leaves this
machine, and all of it is removed at the end.

Space pauses, any other key leaves.

--speed N     ${MIN_SPEED} to ${MAX_SPEED} times as fast (default 1, about two minutes)
--fast        as fast as it goes, for recordings and tests
`

/** `fastchat demo`, which is `npm run demo`. @returns the exit code. */
export async function runDemo(argv: readonly string[]): Promise<number> {
  const controller = new AbortController()
  const { signal } = controller
  let undo: () => void = () => undefined
  try {
    const options = readOptions(argv)
    if (options === null) {
      process.stdout.write(help)
      return exitCodes.done
    }
    checkTerminal()
    endWithNpm()
    undo = stopOnSignals(controller)
    const isWhole = await tour({ ...options, signal })
    if (signal.aborted) return signal.reason as number
    process.stdout.write(isWhole ? `That was FastChat. ${next()}\n` : `The tour is over. ${next()}\n`)
    return exitCodes.done
  } catch (error) {
    if (signal.aborted) return signal.reason as number
    if (!(error instanceof FastChatError)) throw error
    process.stderr.write(`fastchat: ${error.message}\n`)
    return error.exitCode
  } finally {
    undo()
  }
}

interface Options {
  speed: number
}

function readOptions(argv: readonly string[]): Options | null {
  let values: { speed?: string | undefined; fast?: boolean | undefined; help?: boolean | undefined }
  try {
    const options = {
      speed: { type: 'string' },
      fast: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    values = parseArgs({ args: [...argv], options, strict: true }).values
  } catch {
    throw new FastChatError('usage', 'Cannot read command line: demo takes --speed N and --fast only')
  }
  if (values.help) return null
  if (values.fast && values.speed !== undefined) {
    throw new FastChatError('usage', 'Cannot read command line: --speed and --fast exclude each other')
  }
  if (values.fast) return { speed: Number.POSITIVE_INFINITY }
  const given = values.speed ?? '1'
  const speed = /^\d{1,2}(\.\d{1,2})?$/.test(given) ? Number(given) : Number.NaN
  if (!(speed >= MIN_SPEED && speed <= MAX_SPEED)) {
    throw new FastChatError('usage', `Cannot read speed: it is a number from ${MIN_SPEED} to ${MAX_SPEED}`)
  }
  return { speed }
}

/** Before anything is made. */
function checkTerminal(): void {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new FastChatError(
      'no_terminal',
      'Cannot show tour: standard input and output are no terminal; see fastchat --help',
    )
  }
  const { columns, rows } = stdout
  if (columns >= MIN_COLS && rows >= MIN_ROWS) return
  throw new FastChatError(
    'no_terminal',
    `Cannot show tour: this terminal has ${columns}x${rows} cells, and it takes ${MIN_COLS}x${MIN_ROWS}; make the window larger`,
  )
}

/** @returns whether it came to its end; false when the person has left it. */
async function tour({ speed, signal }: Options & { signal: AbortSignal }): Promise<boolean> {
  process.stdout.write('Making two people and a server for them …\n')
  const world = await createWorld({ signal })
  let isWhole = false
  const leaving = new AbortController()
  const stop = AbortSignal.any([signal, leaving.signal])
  const pace = createPace({ speed, signal: stop })
  let guided: Tour | undefined
  try {
    // Only here: the terminal's driver writes to the terminal by being loaded.
    const { runTui } = await import('../../client/tui/run.ts')
    await runTui({
      accounts: world.alice,
      servers: [world.url],
      as: 'alice',
      terminal: readEnvironment().terminal,
      stop,
      guide: {
        async show(stage) {
          guided = createTour({ stage, pace, signal: stop })
          await showTour(guided, world)
          isWhole = true
        },
        onInput(input) {
          if (input.type === 'mouse' || input.type === 'focus') return
          if (input.type === 'text' && input.text === ' ') guided?.togglePause()
          else leaving.abort()
        },
      },
    })
    return isWhole
  } catch (error) {
    // What was under way when the person left has been cut short.
    if (leaving.signal.aborted) return false
    throw error
  } finally {
    await world.close()
  }
}

function next(): string {
  const start =
    'deno' in process.versions
      ? 'deno task start'
      : process.env.npm_lifecycle_event === undefined
        ? 'fastchat start'
        : 'npm start'
  return `Your turn: ${start} hosts a server on this machine and opens the chat.`
}
