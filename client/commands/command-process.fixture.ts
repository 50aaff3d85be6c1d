/**
 * A process for tests of the commands: `command-process.fixture.ts <scenario> <record> <command line>…` runs a command line
 * as `fastchat` does, over a chat that does what the scenario (JSON) says, and writes to the file `record` what was asked
 * of the chat.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { FastChatError, isErrorCode } from '../../schema/errors.ts'
import { createTestChat, type TestChat } from '../agent/test-chat.fixture.ts'
import type {
  AccountEntry,
  Accounts,
  ChatSnapshot,
  CodeTeller,
  Credentials,
  MessageItem,
  Transfer,
  Verification,
} from '../chat.ts'
import { parseCommandLine } from '../config/command-line.ts'
import { readEnvironment, readVersion } from '../config/environment.ts'
import { createProcessIo } from './process-io.ts'
import { runCommand } from './run-command.ts'
import { stopOnSignals } from './stop.ts'

/** What the world does in one test. */
export interface Scenario {
  accounts?: AccountEntry[]
  snapshot?: Partial<ChatSnapshot>
  /** Messages that are there at the start. */
  unread?: { from: string; text: string; change?: Partial<MessageItem> }[]
  /** Messages that come after the first, second, … look at what is unread. */
  later?: { from: string; text: string }[][]
  /** What becomes of a message that was sent. */
  onSend?: Partial<MessageItem>[]
  /** `send` never gets an answer. */
  holdSend?: boolean
  /** Prints a line once a message is in the outbox. */
  announce?: boolean
  verifications?: Verification[]
  /** What a file does on its way, one after the other. */
  transfers?: Pick<Transfer, 'direction' | 'done' | 'total' | 'state'>[]
  /** Accounts answer with this error. */
  error?: string
  /** The session ends after the first look at what is unread. */
  closed?: 'logged-out' | 'revoked'
}

export interface Recorded {
  calls: { method: string; request?: unknown }[]
  credentials?: { method: string } & Credentials
  isClosed: boolean
}

const [scenarioPath = '', recordPath = '', ...argv] = process.argv.slice(2)
const scenario = JSON.parse(readFileSync(scenarioPath, 'utf8')) as Scenario
const test = createTestChat('alice')
Object.assign(test.snapshot, scenario.snapshot)
for (const { from, text, change } of scenario.unread ?? []) Object.assign(test.receive(from, text), change)
for (const one of scenario.verifications ?? []) test.verifications.set(one.user, one)
playWorld(test)

let credentials: Recorded['credentials']
process.on('exit', () => {
  const recorded: Recorded = {
    calls: test.calls,
    isClosed: test.isClosed(),
    ...(credentials ? { credentials } : {}),
  }
  writeFileSync(recordPath, JSON.stringify(recorded))
})

const io = createProcessIo()
const controller = new AbortController()
const undo = stopOnSignals(controller)
const code = await runCommand(
  {
    io,
    stop: controller.signal,
    commands: {
      doctor: async () => 0,
      version: readVersion,
      async open() {
        const { password } = readEnvironment()
        return {
          accounts: createTestAccounts(),
          io,
          stop: controller.signal,
          ...(password ? { password } : {}),
        }
      },
      chat: async () => 0,
    },
  },
  () => parseCommandLine(argv),
)
undo()
process.exit(code)

function playWorld({ chat, change, receive, emit }: TestChat): void {
  const later = [...(scenario.later ?? [])]
  const { unread, send, sendFile } = chat
  chat.sendFile = async request => {
    const item = await sendFile(request)
    const { id: message, conversation } = item
    setImmediate(() => {
      for (const transfer of scenario.transfers ?? []) {
        emit({ type: 'transfer', transfer: { message, conversation, ...transfer } })
      }
      change(message, { state: 'stored' })
    })
    return { ...item }
  }
  chat.unread = async request => {
    const found = await unread(request)
    setImmediate(() => {
      for (const { from, text } of later.shift() ?? []) receive(from, text)
      if (scenario.closed) emit({ type: 'closed', reason: scenario.closed })
    })
    return found
  }
  chat.send = async request => {
    if (scenario.holdSend) await new Promise(() => undefined)
    const item = await send(request)
    const copy = { ...item }
    if (scenario.announce) process.stdout.write('sent\n')
    setImmediate(() => {
      for (const step of scenario.onSend ?? []) change(item.id, step)
    })
    return copy
  }
}

function createTestAccounts(): Accounts {
  const fail = () => {
    const code = scenario.error
    if (code && isErrorCode(code)) throw new FastChatError(code, `Cannot do it: ${code}`)
    if (code) throw new TypeError('with something private')
  }
  const enter = (method: string) => async (given: Credentials & CodeTeller) => {
    credentials = { method, ...given }
    fail()
    given.tellCode?.('0000-0000-0000-0000-0000-0000-000')
    return test.chat
  }
  return {
    list: async () => scenario.accounts ?? [{ userId: 'alice', loggedIn: true }],
    recover: enter('recover'),
    changePassword: async given => void (await enter('changePassword')(given)),
    measure: async () => undefined,
    signUp: enter('signUp'),
    logIn: enter('logIn'),
    async resume({ userId }) {
      test.calls.push({ method: 'resume', request: userId })
      fail()
      return test.chat
    },
  }
}
