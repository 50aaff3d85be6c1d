import { type ParseArgsConfig, parseArgs } from 'node:util'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { ServerUrl } from '../../schema/http.ts'
import { DeviceId, GroupId, MessageId, normalizeUserId, UserId } from '../../schema/ids.ts'

/** What the words behind a command are taken for; each reader throws FastChatError `usage` with one sentence. */

export type Options = NonNullable<ParseArgsConfig['options']>
export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

/** A command's words: its options, and what stands without one. */
export interface Given {
  values: Values
  positionals: string[]
}

/** What every command takes. */
export interface Common {
  /** `--as`: whose session, when the home has several accounts. */
  as?: UserId
  /** `--server`, in the order given; empty when absent. */
  servers: string[]
}

/** A command as the command line knows it. */
export interface CommandSpec<Line extends { command: string }> {
  /** What `--help` says. The first line is the summary of the overview. */
  help: string
  /** Those besides the common ones. */
  options: Options
  /** @throws FastChatError `usage` */
  read(given: Given): Line
}

export const flag = { type: 'boolean' } as const
export const value = { type: 'string' } as const

const common: Options = {
  help: { type: 'boolean', short: 'h' },
  as: value,
  server: { type: 'string', multiple: true },
}

/** 24 days: the most that a timer takes. */
const MAX_TIMEOUT_S = 24 * 24 * 60 * 60

/** @throws FastChatError `usage` for an option that the command does not have, or a missing value */
export function readArguments(args: string[], { name, options }: { name: string; options: Options }): Given {
  try {
    return parseArgs({ args, options: { ...common, ...options }, allowPositionals: true, strict: true })
  } catch (error) {
    // Node's sentence names the option and, for a missing value, nothing of the others.
    const sentence = error instanceof Error ? (error.message.split('. ')[0] ?? '') : ''
    throw wrong(`${lowerFirst(sentence.replace(/[.\n].*$/s, ''))} (see fastchat ${name} --help)`)
  }
}

export function readCommon(values: Values): Common {
  const servers = Array.isArray(values.server) ? values.server.map(String) : []
  for (const server of servers) {
    if (!v.is(ServerUrl, server)) throw wrong('--server takes ws://host[:port] or wss://host[:port]')
  }
  return { servers, ...(typeof values.as === 'string' ? { as: readUserId(values.as) } : {}) }
}

export function readUserId(typed: string): UserId {
  const result = v.safeParse(UserId, normalizeUserId(typed).replace(/^@/, ''))
  if (result.success) return result.output
  throw wrong(result.issues[0].message)
}

export function readGroupId(typed: string): GroupId {
  const result = v.safeParse(GroupId, normalizeUserId(typed).replace(/^#/, ''))
  if (result.success) return result.output
  throw wrong(result.issues[0].message)
}

/** `@user`, `#group` or a bare id, as the session takes it. */
export function readTo(typed: string): string {
  const to = normalizeUserId(typed)
  if (to.startsWith('#')) return `#${readGroupId(to)}`
  return to.startsWith('@') ? `@${readUserId(to)}` : readUserId(to)
}

/** @param what for the sentence: `edit takes the id of a message …` */
export function readMessageId(typed: string | undefined, what: string): MessageId {
  const result = v.safeParse(MessageId, typed?.toLowerCase())
  if (result.success) return result.output
  throw wrong(`${what} takes the id of a message, as recv --json and send --json print it`)
}

export function readDeviceId(typed: string | undefined, what: string): DeviceId {
  const result = v.safeParse(DeviceId, typed?.toLowerCase())
  if (result.success) return result.output
  throw wrong(`${what} takes the id of one device, as fastchat devices prints it`)
}

/** Seconds as ms. */
export function readTimeout(given: Values[string]): number | undefined {
  if (given === undefined) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(String(given)) ? Number(given) : Number.NaN
  if (seconds <= MAX_TIMEOUT_S) return Math.round(seconds * 1000)
  throw wrong(`--timeout takes seconds, 0 to ${MAX_TIMEOUT_S}`)
}

export function readSwitch(given: Values[string], name: string): boolean | undefined {
  if (given === undefined) return undefined
  if (given === 'on' || given === 'off') return given === 'on'
  throw wrong(`${name} is "on" or "off"`)
}

/** A text on the command line; `-` as null: it comes from standard input. */
export function readText(typed: string): string | null {
  if (typed === '') throw wrong('the text is empty')
  return typed === '-' ? null : typed
}

export function only(positionals: string[], { command, what }: { command: string; what: string }): string {
  const [first, ...more] = positionals
  if (first === undefined || more.length > 0) throw wrong(`${command} takes ${what} and nothing else`)
  return first
}

export function none(positionals: string[], command: string): void {
  if (positionals.length > 0) throw wrong(`${command} takes options only`)
}

export function wrong(state: string): FastChatError {
  return new FastChatError('usage', `Cannot read command line: ${state}`)
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
