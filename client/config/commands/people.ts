import type { UserId } from '../../../schema/ids.ts'
import {
  type CommandSpec,
  flag,
  type Given,
  none,
  only,
  readTimeout,
  readTo,
  readUserId,
  value,
  wrong,
} from '../arguments.ts'

export type VerifyLine = { command: 'verify'; user: UserId; json: boolean; timeoutMs: number } & (
  | { action: 'show'; qr: boolean }
  /** `number`: 60 digits. */
  | { action: 'confirm'; number: string }
  | { action: 'revoke' }
)

export interface TrustLine {
  command: 'trust'
  user: UserId
  /** Without a question. */
  yes: boolean
  json: boolean
  timeoutMs: number
}

export interface BlockLine<C extends 'block' | 'unblock'> {
  command: C
  user: UserId
  json: boolean
  timeoutMs: number
}

export interface AcceptLine {
  command: 'accept'
  to: string
  json: boolean
  timeoutMs: number
}

export interface RequestsLine {
  command: 'requests'
  json: boolean
  timeoutMs: number
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_LIST_TIMEOUT_MS = 10_000
const SAFETY_DIGITS = 60

const verify: CommandSpec<VerifyLine> = {
  help: `verify USER              The safety number with somebody; marks them as verified.
Usage: fastchat verify USER [--qr | --confirm NUMBER | --revoke]
                       [--json] [--timeout SECONDS] [--as USER] [--server URL]...

Compare the number with USER, face to face or on the phone: when both see the
same one, nobody sits between you.

--qr               shows it as a QR code too; on a terminal only
--confirm NUMBER   marks USER as verified when NUMBER, in any grouping, is the
                   present one; else exit code 3 and nothing is marked
--revoke           takes that back
--timeout SECONDS  30 when not given
--json             prints {"user", "safetyNumber", "qr", "verified",
                   "keyChanged"}: 12 groups of 5 digits; the QR code's bytes in
                   base64url`,
  options: { json: flag, timeout: value, qr: flag, confirm: value, revoke: flag },
  read: readVerify,
}

const trust: CommandSpec<TrustLine> = {
  help: `trust USER               Accepts that somebody has another account key now.
Usage: fastchat trust USER [--yes] [--json] [--timeout SECONDS]
                       [--as USER] [--server URL]...

Nothing is sent to somebody whose account key has changed until you accept it:
either they made their account anew, or somebody is between you. Ask them, and
compare the number that fastchat verify USER shows.

--yes              does not ask; without it a terminal is needed (exit code 2)
--timeout SECONDS  30 when not given
--json             prints {"user", "before", "after", "safetyNumber"}; before
                   and after are {"verified", "keyChanged"}. Exit code 3: you
                   said no`,
  options: { json: flag, timeout: value, yes: { type: 'boolean', short: 'y' } },
  read({ values, positionals }) {
    const user = readUserId(only(positionals, { command: 'trust', what: 'a user id' }))
    return { command: 'trust', user, yes: values.yes === true, ...readWaiting(values) }
  },
}

const block: CommandSpec<BlockLine<'block'>> = {
  help: `block USER               Shows nothing more of somebody; they are not told.
Usage: fastchat block USER [--json] [--timeout SECONDS]
                      [--as USER] [--server URL]...

What they write, to you or to a group you are in, is not shown, and you cannot
write to them. fastchat unblock USER lets them in again; what they wrote
meanwhile is gone. --json prints {"user", "blocked": true}.`,
  options: { json: flag, timeout: value },
  read: given => readBlock(given, 'block'),
}

const unblock: CommandSpec<BlockLine<'unblock'>> = {
  help: `unblock USER             Lets somebody in again who was blocked.
Usage: fastchat unblock USER [--json] [--timeout SECONDS]
                        [--as USER] [--server URL]...

--json prints {"user", "blocked": false}.`,
  options: { json: flag, timeout: value },
  read: given => readBlock(given, 'unblock'),
}

const accept: CommandSpec<AcceptLine> = {
  help: `accept TO                Takes in a request: @USER or #GROUP.
Usage: fastchat accept TO [--json] [--timeout SECONDS]
                       [--as USER] [--server URL]...

First messages of somebody you never wrote to, and groups that they have added
you to, are requests until they are accepted; writing to them does the same.
--json prints {"accepted": TO, "conversation"}.`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    const to = readTo(only(positionals, { command: 'accept', what: 'whom to take in' }))
    return { command: 'accept', to, ...readWaiting(values) }
  },
}

const requests: CommandSpec<RequestsLine> = {
  help: `requests                 Lists strangers who have written, to accept or block.
Usage: fastchat requests [--json] [--timeout SECONDS]
                         [--as USER] [--server URL]...

--json             an object a line, as fastchat conversations --json prints it
--timeout SECONDS  how long to wait for what is new; 10 when not given. What is
                   known here is printed all the same.`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    none(positionals, 'requests')
    const { json, timeoutMs } = readWaiting(values, DEFAULT_LIST_TIMEOUT_MS)
    return { command: 'requests', json, timeoutMs }
  },
}

export const peopleCommands = { requests, accept, block, unblock, verify, trust }

function readWaiting(
  values: Given['values'],
  defaultMs = DEFAULT_TIMEOUT_MS,
): { json: boolean; timeoutMs: number } {
  return { json: values.json === true, timeoutMs: readTimeout(values.timeout) ?? defaultMs }
}

function readBlock<C extends 'block' | 'unblock'>({ values, positionals }: Given, command: C): BlockLine<C> {
  const user = readUserId(only(positionals, { command, what: 'a user id' }))
  return { command, user, ...readWaiting(values) }
}

function readVerify({ values, positionals }: Given): VerifyLine {
  const chosen = [values.qr, values.confirm, values.revoke].filter(one => one !== undefined)
  if (chosen.length > 1) throw wrong('--qr, --confirm and --revoke are three different things: take one')
  const [typed, ...more] = positionals
  // A number whose groups were not put in quotes.
  const groups = values.confirm !== undefined && more.every(word => /^[\d-]+$/.test(word)) ? more : []
  if (typed === undefined || more.length > groups.length) throw wrong('verify takes a user id and options')
  const shared = { command: 'verify', user: readUserId(typed), ...readWaiting(values) } as const
  if (values.revoke === true) return { ...shared, action: 'revoke' }
  if (values.confirm === undefined) {
    if (values.qr === true && shared.json) throw wrong('--json prints the QR code as bytes: leave out --qr')
    return { ...shared, action: 'show', qr: values.qr === true }
  }
  const number = [values.confirm, ...groups].join('').replace(/[\s-]/g, '')
  if (!/^\d+$/.test(number) || number.length !== SAFETY_DIGITS) {
    throw wrong(`--confirm takes the ${SAFETY_DIGITS} digits of the safety number, in any grouping`)
  }
  return { ...shared, action: 'confirm', number }
}
