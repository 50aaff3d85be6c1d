import { type ParseArgsConfig, parseArgs } from 'node:util'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { ServerUrl } from '../../schema/http.ts'
import { DeviceId, normalizeUserId, UserId } from '../../schema/ids.ts'
import { type CommandName, isCommandName } from './help.ts'

/** What a command line asks for, validated. */
export type CommandLine =
  | { command: 'help'; topic?: CommandName }
  | { command: 'version' }
  | (Common & { command: 'signup' | 'login'; userId: UserId; isPasswordOnStdin: boolean })
  | (Common & { command: 'logout' | 'chat' })
  | (Common & { command: 'accounts'; json: boolean })
  | (Common & DevicesLine)
  | (Common & SendLine)
  | (Common & RecvLine)

export interface Common {
  /** `--as`: whose session, when the home has several accounts. */
  as?: UserId
  /** `--server`, in the order given; empty when absent. */
  servers: string[]
}

export interface DevicesLine {
  command: 'devices'
  json: boolean
  /** Which one to revoke; absent: they are listed. */
  revoke?: DeviceId
}

export interface SendLine {
  command: 'send'
  to: UserId
  /** null: the text comes from standard input. */
  text: string | null
  wait: 'stored' | 'delivered'
  timeoutMs: number
  json: boolean
}

export interface RecvLine {
  command: 'recv'
  json: boolean
  follow: boolean
  count?: number
  /** Absent: 30 s for what waits on the server; no end for `--count` and `--follow`. */
  timeoutMs?: number
}

const DEFAULT_SEND_TIMEOUT_MS = 30_000
/** 24 days: the most that a timer takes. */
const MAX_TIMEOUT_S = 24 * 24 * 60 * 60

type Options = NonNullable<ParseArgsConfig['options']>
type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

const common: Options = {
  help: { type: 'boolean', short: 'h' },
  as: { type: 'string' },
  server: { type: 'string', multiple: true },
}
const optionsOf: Record<CommandName, Options> = {
  signup: { ...common, 'password-stdin': { type: 'boolean' } },
  login: { ...common, 'password-stdin': { type: 'boolean' } },
  logout: common,
  accounts: { ...common, json: { type: 'boolean' } },
  devices: { ...common, json: { type: 'boolean' } },
  chat: common,
  send: { ...common, wait: { type: 'string' }, timeout: { type: 'string' }, json: { type: 'boolean' } },
  recv: {
    ...common,
    json: { type: 'boolean' },
    follow: { type: 'boolean', short: 'f' },
    count: { type: 'string', short: 'n' },
    timeout: { type: 'string' },
  },
}

/**
 * Reads the client's part of a command line.
 *
 * @param argv the command and what follows it
 * @throws FastChatError `usage` with one sentence that says what is wrong.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first, ...rest] = argv
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const [topic] = rest
    return topic !== undefined && isCommandName(topic) ? { command: 'help', topic } : { command: 'help' }
  }
  if (first === '--version' || first === '-V' || first === 'version') return { command: 'version' }
  if (!isCommandName(first)) throw wrong(`there is no command "${first}"`)
  refusePassword(rest)
  const { values, positionals } = readArguments(first, rest)
  if (values.help === true) return { command: 'help', topic: first }
  const shared = readCommon(values)
  switch (first) {
    case 'signup':
    case 'login':
      return {
        ...shared,
        command: first,
        userId: readUserId(only(positionals, { command: first, what: 'a user id' })),
        isPasswordOnStdin: values['password-stdin'] === true,
      }
    case 'logout':
    case 'chat':
      none(positionals, first)
      return { ...shared, command: first }
    case 'accounts':
      none(positionals, first)
      return { ...shared, command: first, json: values.json === true }
    case 'devices':
      return { ...shared, ...readDevices(values, positionals) }
    case 'send':
      return { ...shared, ...readSend(values, positionals) }
    case 'recv':
      none(positionals, first)
      return { ...shared, ...readRecv(values) }
    default:
      return first satisfies never
  }
}

function readDevices(values: Values, positionals: string[]): DevicesLine {
  const json = values.json === true
  const [action, id, ...more] = positionals
  if (action === undefined) return { command: 'devices', json }
  if (action !== 'revoke') throw wrong(`devices takes "revoke ID" or nothing, not "${action}"`)
  const deviceId = v.safeParse(DeviceId, id?.toLowerCase())
  if (!deviceId.success || more.length > 0) {
    throw wrong('devices revoke takes the id of one device, as fastchat devices prints it')
  }
  return { command: 'devices', json, revoke: deviceId.output }
}

function readSend(values: Values, positionals: string[]): SendLine {
  const [to, text, ...more] = positionals
  if (to === undefined || text === undefined) {
    throw wrong('send takes whom it is for and the text (or - for standard input)')
  }
  if (more.length > 0) throw wrong('send takes one text: put it in quotes')
  const wait = values.wait ?? 'stored'
  if (wait !== 'stored' && wait !== 'delivered') throw wrong('--wait is "stored" or "delivered"')
  if (text === '') throw wrong('the text is empty')
  return {
    command: 'send',
    to: readUserId(to),
    text: text === '-' ? null : text,
    wait,
    timeoutMs: readTimeout(values.timeout) ?? DEFAULT_SEND_TIMEOUT_MS,
    json: values.json === true,
  }
}

function readRecv(values: Values): RecvLine {
  const timeoutMs = readTimeout(values.timeout)
  const count = readCount(values.count)
  return {
    command: 'recv',
    json: values.json === true,
    follow: values.follow === true,
    ...(count === undefined ? {} : { count }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

function readArguments(command: CommandName, args: string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args, options: optionsOf[command], allowPositionals: true, strict: true })
  } catch (error) {
    // Node's sentence names the option and, for a missing value, nothing of the others.
    const sentence = error instanceof Error ? (error.message.split('. ')[0] ?? '') : ''
    throw wrong(`${lowerFirst(sentence.replace(/[.\n].*$/s, ''))} (see fastchat ${command} --help)`)
  }
}

/** Said before anything else is looked at, and without the value. */
function refusePassword(args: readonly string[]): void {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  if (!options.some(arg => arg === '--password' || arg.startsWith('--password='))) return
  throw wrong(
    'a password on the command line is seen by everyone on this machine; use FASTCHAT_PASSWORD, --password-stdin or the prompt',
  )
}

function readCommon(values: Values): Common {
  const servers = Array.isArray(values.server) ? values.server.map(String) : []
  for (const server of servers) {
    if (!v.is(ServerUrl, server)) throw wrong('--server takes ws://host[:port] or wss://host[:port]')
  }
  return { servers, ...(typeof values.as === 'string' ? { as: readUserId(values.as) } : {}) }
}

function readUserId(typed: string): UserId {
  const result = v.safeParse(UserId, normalizeUserId(typed))
  if (result.success) return result.output
  throw wrong(result.issues[0].message)
}

function readTimeout(value: Values[string]): number | undefined {
  if (value === undefined) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : Number.NaN
  if (seconds <= MAX_TIMEOUT_S) return Math.round(seconds * 1000)
  throw wrong(`--timeout takes seconds, 0 to ${MAX_TIMEOUT_S}`)
}

function readCount(value: Values[string]): number | undefined {
  if (value === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(String(value))) return Number(value)
  throw wrong('--count takes how many messages, from 1')
}

function only(positionals: string[], { command, what }: { command: string; what: string }): string {
  const [first, ...more] = positionals
  if (first === undefined || more.length > 0) throw wrong(`${command} takes ${what} and nothing else`)
  return first
}

function none(positionals: string[], command: string): void {
  if (positionals.length > 0) throw wrong(`${command} takes options only`)
}

function wrong(state: string): FastChatError {
  return new FastChatError('usage', `Cannot read command line: ${state}`)
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
