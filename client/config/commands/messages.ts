import type { MessageId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import {
  type CommandSpec,
  flag,
  type Given,
  none,
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

export interface ConversationsLine {
  command: 'conversations'
  json: boolean
  timeoutMs: number
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_LIST_TIMEOUT_MS = 10_000

export interface ChatLine {
  command: 'chat'
  /** In lines, without a screen. */
  plain?: true
}

const chat: CommandSpec<ChatLine> = {
  help: `chat                     The chat in this terminal.
Usage: fastchat chat [--plain] [--as USER] [--server URL]...

Sign up, log in and write in a full-screen terminal. F1 shows the keys; they,
the colours, vi and a screen lock are set in ~/.config/fastchat/config.toml
(XDG_CONFIG_HOME; client/README.md).

--plain  line by line: for screen readers, serial lines and pipes. What is new
         is printed as a line, a line that is read is sent, or is a command:
         /help lists them. Nothing moves and nothing is coloured. By itself
         where TERM is dumb or not set. At the end of the input what is unsent
         is sent before it ends.`,
  options: { plain: flag },
  read({ values, positionals }) {
    none(positionals, 'chat')
    return { command: 'chat', ...(values.plain === true ? { plain: true } : {}) }
  },
}

const send: CommandSpec<SendLine> = {
  help: `send TO TEXT             Sends a message, a picture or a file.
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
