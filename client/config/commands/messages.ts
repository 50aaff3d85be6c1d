import type { MessageId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import {
  type CommandSpec,
  flag,
  type Given,
  none,
  only,
  readMessageId,
  readText,
  readTimeout,
  readTo,
  value,
  wrong,
} from '../arguments.ts'

export interface SendLine {
  command: 'send'
  /** `@user`, `#group` or a bare id. */
  to: string
  /** null: the text comes from standard input. Absent: a file without a caption. */
  text?: string | null
  /** Its path, as it was written. */
  file?: { path: string; as: 'image' | 'file' }
  replyTo?: MessageId
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
  /** Where files go, as it was written. */
  saveFolder?: string
  /** Leaves what strangers wrote as it is. */
  noRequests?: true
}

export interface EditLine {
  command: 'edit'
  id: MessageId
  /** null: from standard input. */
  text: string | null
  timeoutMs: number
}

export interface DeleteLine {
  command: 'delete'
  id: MessageId
  timeoutMs: number
}

export interface ReactLine {
  command: 'react'
  id: MessageId
  /** null takes it back. */
  emoji: string | null
  timeoutMs: number
}

export interface SaveLine {
  command: 'save'
  id: MessageId
  /** As it was written. */
  folder: string
  json: boolean
  timeoutMs: number
}

export interface TimerLine {
  command: 'timer'
  to: string
  /** null: off. */
  afterMs: number | null
  json: boolean
  timeoutMs: number
}

export interface ConversationsLine {
  command: 'conversations'
  json: boolean
  timeoutMs: number
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_LIST_TIMEOUT_MS = 10_000

const chat: CommandSpec<{ command: 'chat' }> = {
  help: `chat                     The chat in this terminal.
Usage: fastchat chat [--as USER] [--server URL]...

Sign up, log in and write in a full-screen terminal. F1 shows the keys.`,
  options: {},
  read({ positionals }) {
    none(positionals, 'chat')
    return { command: 'chat' }
  },
}

const send: CommandSpec<SendLine> = {
  help: `send TO TEXT             Sends a message; with --image or --file a picture, a file.
Usage: fastchat send TO TEXT|- [--reply ID] [--wait stored|delivered]
                     [--timeout SECONDS] [--json] [--as USER] [--server URL]...
       fastchat send TO --image FILE | --file FILE [CAPTION|-] …

TO                 @USER, #GROUP (in quotes, for the shell), or the id alone:
                   somebody you know, else a group you are in, else anybody
-                  takes the text from standard input
--image FILE       a picture (PNG, JPEG, GIF, WebP), shown where it is read
--file FILE        any file
--reply ID         answers a message: its id as recv --json prints it
--wait stored      until a server has it on its disks (the default)
--wait delivered   until a device of USER has it; in a group, one of each member
                   (of at most ${limits.maxReceiptMembers}: in larger ones nobody tells)
--timeout SECONDS  30 when not given; while a file moves, of standing still.
                   Exit code 4: no server has it; it stays in the outbox and
                   goes out with the next command that connects. Exit code 5:
                   stored, but not delivered in time.
--json             prints {"id", "to", "conversation", "sentAt", "state"}

A text has at most 64 KiB of UTF-8. From standard input, one line break at the
end is dropped.`,
  options: {
    wait: value,
    timeout: value,
    json: flag,
    image: value,
    file: value,
    reply: value,
  },
  read: readSend,
}

const recv: CommandSpec<RecvLine> = {
  help: `recv                     Prints messages that were not read yet.
Usage: fastchat recv [--json] [--follow] [--count N] [--save FOLDER]
                     [--no-requests] [--timeout SECONDS]
                     [--as USER] [--server URL]...

Without more: prints what is unread, here and on the server, and ends.
--json             an object a line (NDJSON): {"id", "from", "conversation",
                   "sentAt", "receivedAt", "text", "kind"}, times as ISO 8601 in
                   UTC; and where they apply "group", "title", "file",
                   "replyTo", "request", "edited", "deleted", "expiresAt",
                   "expiresInMs", "path" (see client/README.md)
--follow, -f       goes on until it is stopped (or SECONDS are over: code 0)
--count N, -n N    ends after N messages, waiting for them if it must
--save FOLDER      saves files there as they come, never over another one, and
                   prints their paths; not those of strangers. Exit code 3 when
                   one is gone from the servers; its message is printed
--no-requests      leaves what strangers wrote unread (see fastchat requests)
--timeout SECONDS  gives up then: exit code 4 when no server was reached, 5 when
                   fewer than N messages came. 30 for what waits on the server;
                   no limit with --count or --follow.

A message is read once it was printed.`,
  options: {
    json: flag,
    follow: { type: 'boolean', short: 'f' },
    count: { type: 'string', short: 'n' },
    timeout: value,
    save: value,
    'no-requests': flag,
  },
  read: readRecv,
}

const edit: CommandSpec<EditLine> = {
  help: `edit ID TEXT             Another text for a message of yours; - as for send.
Usage: fastchat edit ID TEXT|- [--timeout SECONDS] [--as USER] [--server URL]...

Everybody who has the message sees the new text, and that it was edited. Of a
file it is the caption. ID: as send --json printed it. Exit code 3: no such
message here, or not yours. 4: no server has the change yet; it stays in the
outbox.`,
  options: { timeout: value },
  read({ values, positionals }) {
    const [typed, text, ...more] = positionals
    const id = readMessageId(typed, 'edit')
    if (text === undefined) throw wrong('edit takes the id and the new text (or - for standard input)')
    if (more.length > 0) throw wrong('edit takes one text: put it in quotes')
    return { command: 'edit', id, text: readText(text), timeoutMs: timeoutOf(values) }
  },
}

const remove: CommandSpec<DeleteLine> = {
  help: `delete ID                Takes a message back, everywhere.
Usage: fastchat delete ID [--timeout SECONDS] [--as USER] [--server URL]...

One of yours or, as an admin of a group, anybody's in it. Who has read it has
read it. Exit codes as of fastchat edit.`,
  options: { timeout: value },
  read({ values, positionals }) {
    const id = readMessageId(only(positionals, { command: 'delete', what: 'an id' }), 'delete')
    return { command: 'delete', id, timeoutMs: timeoutOf(values) }
  },
}

const react: CommandSpec<ReactLine> = {
  help: `react ID EMOJI           Reacts to a message with an emoji.
Usage: fastchat react ID EMOJI|--remove [--timeout SECONDS]
                      [--as USER] [--server URL]...

One emoji, in place of the one before; --remove takes it back. Exit codes as of
fastchat edit.`,
  options: { timeout: value, remove: flag },
  read({ values, positionals }) {
    const [typed, emoji, ...more] = positionals
    const id = readMessageId(typed, 'react')
    if ((emoji === undefined) !== (values.remove === true) || more.length > 0 || emoji === '') {
      throw wrong('react takes the id of a message and one emoji, or --remove')
    }
    return { command: 'react', id, emoji: emoji ?? null, timeoutMs: timeoutOf(values) }
  },
}

const save: CommandSpec<SaveLine> = {
  help: `save ID [FOLDER]         Saves the file of a message, and prints its path.
Usage: fastchat save ID [FOLDER] [--json] [--timeout SECONDS]
                     [--as USER] [--server URL]...

The original, into FOLDER (default: here), under its own name or, where that is
taken, another one like it: nothing is overwritten.
--timeout SECONDS  of standing still, 30 when not given
--json             prints {"id", "path"}. Exit code 3: no server has it any
                   more, or it is not what was sent`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    const [typed, folder = '.', ...more] = positionals
    const id = readMessageId(typed, 'save')
    if (more.length > 0 || folder === '') throw wrong('save takes the id of a message and one folder')
    return { command: 'save', id, folder, json: values.json === true, timeoutMs: timeoutOf(values) }
  },
}

const timer: CommandSpec<TimerLine> = {
  help: `timer TO TIME            Lets new messages disappear after a time.
Usage: fastchat timer TO off|30s|5m|1h|1d|1w [--json] [--timeout SECONDS]
                      [--as USER] [--server URL]...

TO as for send; in a group admins only. TIME is a number with s, m, h, d or w,
from ${limits.minDisappearMs / 1000}s to ${limits.maxDisappearMs / 86_400_000}d, and runs from when a message is read.
--json prints {"to", "conversation", "disappearAfterMs"}, null for off.`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    const [to, time, ...more] = positionals
    if (to === undefined || time === undefined || more.length > 0) {
      throw wrong('timer takes whom it is for and one time: off, 30s, 5m, 1h, 1d, 1w')
    }
    const shared = { json: values.json === true, timeoutMs: timeoutOf(values) }
    return { command: 'timer', to: readTo(to), afterMs: readTime(time), ...shared }
  },
}

const conversations: CommandSpec<ConversationsLine> = {
  help: `conversations            Lists the conversations, with what is unread.
Usage: fastchat conversations [--json] [--timeout SECONDS]
                              [--as USER] [--server URL]...

--json             an object a line: {"conversation", "kind", "with", "unread",
                   "lastAt"}, kind "direct" or "group"; and where they apply
                   "title", "role", "memberCount", "disappearAfterMs", and as
                   true "request", "verified", "keyChanged", "blocked"
--timeout SECONDS  how long to wait for what is new; 10 when not given. What is
                   known here is printed all the same.`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    none(positionals, 'conversations')
    const timeoutMs = readTimeout(values.timeout) ?? DEFAULT_LIST_TIMEOUT_MS
    return { command: 'conversations', json: values.json === true, timeoutMs }
  },
}

export const messageCommands = {
  chat,
  send,
  recv,
  conversations,
  edit,
  delete: remove,
  react,
  save,
  timer,
}

function timeoutOf(values: Given['values']): number {
  return readTimeout(values.timeout) ?? DEFAULT_TIMEOUT_MS
}

function readSend({ values, positionals }: Given): SendLine {
  const [to, text, ...more] = positionals
  const file = readFile(values)
  if (to === undefined || (text === undefined && !file)) {
    throw wrong('send takes whom it is for and the text (or - for standard input)')
  }
  if (more.length > 0) throw wrong('send takes one text: put it in quotes')
  const wait = values.wait ?? 'stored'
  if (wait !== 'stored' && wait !== 'delivered') throw wrong('--wait is "stored" or "delivered"')
  return {
    command: 'send',
    to: readTo(to),
    ...(text === undefined ? {} : { text: readText(text) }),
    ...(file ? { file } : {}),
    ...(values.reply === undefined ? {} : { replyTo: readMessageId(String(values.reply), '--reply') }),
    wait,
    timeoutMs: timeoutOf(values),
    json: values.json === true,
  }
}

function readFile({ image, file }: Given['values']): SendLine['file'] {
  if (image !== undefined && file !== undefined) throw wrong('--image and --file: one file a message')
  const path = image ?? file
  if (path === undefined) return undefined
  if (path === '' || path === '-') {
    throw wrong(`--${image === undefined ? 'file' : 'image'} takes the path of a file`)
  }
  return { path: String(path), as: image === undefined ? 'file' : 'image' }
}

function readRecv({ values, positionals }: Given): RecvLine {
  none(positionals, 'recv')
  const timeoutMs = readTimeout(values.timeout)
  const count = readCount(values.count)
  if (values.save === '') throw wrong('--save takes a folder')
  return {
    command: 'recv',
    json: values.json === true,
    follow: values.follow === true,
    ...(count === undefined ? {} : { count }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(values.save === undefined ? {} : { saveFolder: String(values.save) }),
    ...(values['no-requests'] === true ? { noRequests: true } : {}),
  }
}

function readCount(given: Given['values'][string]): number | undefined {
  if (given === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(String(given))) return Number(given)
  throw wrong('--count takes how many messages, from 1')
}

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function readTime(typed: string): number | null {
  if (typed.toLowerCase() === 'off') return null
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/i.exec(typed) ?? []
  const afterMs = Number(count) * (UNITS_MS[unit.toLowerCase()] ?? Number.NaN)
  if (afterMs >= limits.minDisappearMs && afterMs <= limits.maxDisappearMs) return afterMs
  const longest = limits.maxDisappearMs / 86_400_000
  throw wrong(`a time is off, or like 30s, 5m, 1h, 1d, 1w: ${limits.minDisappearMs / 1000}s to ${longest}d`)
}
