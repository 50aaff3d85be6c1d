import { FastChatError } from '../../schema/errors.ts'
import { createTestChat, type TestChat } from '../agent/test-chat.fixture.ts'
import type { Accounts } from '../chat.ts'
import { parseCommandLine } from '../config/command-line.ts'
import { Interrupted, type Io } from './io.ts'
import { runCommand } from './run-command.ts'

export interface RanHere {
  code: number
  stdout: string
  stderr: string
  /** What was shown of progress, each line once; null: it was taken away. */
  progress: (string | null)[]
  questions: string[]
  test: TestChat
  /** What a method was given, each time that it was called. */
  asked: (method: string) => unknown[]
}

export interface HereOptions {
  /** Prepares the chat, and plays the world. */
  play?: (test: TestChat, stop: AbortController) => void
  stdin?: string | Uint8Array
  /** Standard output is a terminal. */
  isTerminal?: boolean
  /** What the person answers to a question; absent: there is no terminal to ask on. */
  answer?: boolean | 'ctrl-c'
}

/** Runs a command line in this process, over a chat made for tests: many times faster than `run()`. */
export async function runHere(argv: string[], options: HereOptions = {}): Promise<RanHere> {
  const test = createTestChat('alice')
  const stop = new AbortController()
  options.play?.(test, stop)
  const ran: Omit<RanHere, 'code'> = {
    stdout: '',
    stderr: '',
    progress: [],
    questions: [],
    test,
    asked: method => test.calls.flatMap(call => (call.method === method ? [call.request] : [])),
  }
  const io: Io = {
    async print(text) {
      ran.stdout += text
    },
    warn(line) {
      ran.stderr += `${line}\n`
    },
    isTerminal: () => options.isTerminal === true,
    progress: line => void ran.progress.push(line),
    readInput: async () => Buffer.from(options.stdin ?? new Uint8Array()),
    askSecret: async () => '',
    async confirm(question) {
      ran.questions.push(question)
      if (options.answer === 'ctrl-c') throw new Interrupted()
      if (options.answer === undefined) throw new FastChatError('no_terminal', 'Cannot ask: no terminal')
      return options.answer
    },
  }
  const accounts: Accounts = {
    list: async () => [{ userId: 'alice', loggedIn: true }],
    recover: async () => test.chat,
    changePassword: async () => undefined,
    measure: async () => undefined,
    signUp: async () => test.chat,
    logIn: async () => test.chat,
    resume: async () => test.chat,
  }
  const commands = {
    doctor: async () => 0,
    version: () => '0',
    open: async () => ({ accounts, io, stop: stop.signal }),
    chat: async () => 0,
  }
  const code = await runCommand({ io, stop: stop.signal, commands }, () => parseCommandLine(argv))
  return Object.assign(ran, { code })
}

/** Objects of NDJSON. */
export function jsonOf<T = Record<string, unknown>>(stdout: string): T[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as T)
}

/** Nothing has come yet; it does once the command has asked whether it has, and `arrive` says what. */
export function drainLater({ chat, snapshot, emit }: TestChat, arrive: () => void): void {
  const look = chat.snapshot
  let isAsked = false
  snapshot.drained = false
  chat.snapshot = async () => {
    const seen = structuredClone(await look())
    if (!isAsked) {
      setImmediate(() => {
        arrive()
        snapshot.drained = true
        emit({ type: 'drained' })
      })
    }
    isAsked = true
    return seen
  }
}
