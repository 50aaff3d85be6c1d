import { clearTimeout, setTimeout } from 'node:timers'
import { Worker } from 'node:worker_threads'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'

/** How hard a password is to guess for somebody who tries words, names, dates and keyboard rows first. */
const Strength = v.object({
  /** 0 (a known one) to 4; each step is about a hundred times more guesses. */
  score: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4)),
  /** What is weak about it, as a sentence; may be empty. */
  hint: v.pipe(v.string(), v.maxLength(300)),
})
export type Strength = v.InferOutput<typeof Strength>

/** What a password may be guessed by besides the lists. */
export interface StrengthRequest {
  password: string
  userId: string
}

/** UTF-16 units that are looked at: what is longer is judged by its beginning, so that time is bounded. */
const MAX_JUDGED = 128
/** To load, and to answer: a machine may do much else. */
const TIMEOUT_MS = 20_000
/** The word lists take about 60 MB while they are loaded. */
const IDLE_MS = 10_000

let worker: Promise<Worker> | undefined
let idle: ReturnType<typeof setTimeout> | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Judges a password, in a thread of its own that is there only while it is needed.
 *
 * @throws FastChatError `internal` when it cannot be judged
 */
export function passwordStrength(request: StrengthRequest): Promise<Strength> {
  const result = last.then(() => judge(request))
  last = result.catch(() => undefined)
  return result
}

/**
 * Refuses a password that is guessed too soon: a server that is stolen could be asked without end.
 *
 * @throws FastChatError `weak_password` with the reason
 */
export async function checkStrength(request: StrengthRequest): Promise<void> {
  const { score, hint } = await passwordStrength(request)
  if (score >= limits.minPasswordScore) return
  throw new FastChatError('weak_password', `Cannot use password: ${weakness(hint)}`)
}

function weakness(hint: string): string {
  return hint === '' ? 'it is too easy to guess' : `too easy to guess. ${hint}`
}

async function judge({ password, userId }: StrengthRequest): Promise<Strength> {
  clearTimeout(idle)
  worker ??= start()
  try {
    const running = await worker
    running.ref()
    const answer = answerOf(running)
    running.postMessage({ password: password.slice(0, MAX_JUDGED), known: [userId, 'fastchat'] })
    const strength = v.parse(Strength, await answer)
    running.unref()
    idle = setTimeout(stop, IDLE_MS).unref()
    return strength
  } catch {
    stop()
    // The cause may quote the password.
    throw new FastChatError('internal', 'Cannot judge password: its judge does not answer')
  }
}

async function start(): Promise<Worker> {
  // Whatever is said there is not for the person's screen.
  const started = new Worker(new URL('./worker.mjs', import.meta.url), {
    execArgv: [],
    stdout: true,
    stderr: true,
  })
  // An error without a listener would end the process.
  started.on('error', () => undefined)
  if ((await answerOf(started)) === 'ready') return started
  void started.terminate()
  throw new FastChatError('internal', 'Cannot judge password: its judge does not start')
}

function stop(): void {
  const stopped = worker
  worker = undefined
  stopped?.then(
    running => running.terminate(),
    () => undefined,
  )
}

/** The next message; undefined when none will come, or not in time. */
function answerOf(of: Worker): Promise<unknown> {
  return new Promise(resolve => {
    const timer = setTimeout(() => end(undefined), TIMEOUT_MS)
    const end = (answer: unknown) => {
      clearTimeout(timer)
      of.off('message', end)
      of.off('exit', onExit)
      resolve(answer)
    }
    const onExit = () => end(undefined)
    of.on('message', end)
    of.on('exit', onExit)
  })
}
