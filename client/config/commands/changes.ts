import type { MessageId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import {
  type CommandSpec,
  flag,
  only,
  readMessageId,
  readText,
  readTimeout,
  readTo,
  type Values,
  value,
  wrong,
} from '../arguments.ts'

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

export interface MuteLine {
  command: 'mute'
  to: string
  /** Absent: for good. */
  forMs?: number
  json: boolean
  timeoutMs: number
}

export interface UnmuteLine {
  command: 'unmute'
  to: string
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

const DEFAULT_TIMEOUT_MS = 30_000

const edit: CommandSpec<EditLine> = {
  help: `edit ID TEXT             Another text for a message of yours.
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

const mute: CommandSpec<MuteLine> = {
  help: `mute TO                  The chat in a terminal tells nothing of it any more.
Usage: fastchat mute TO [--for 8h] [--json] [--timeout SECONDS]
                     [--as USER] [--server URL]...

TO as for send. On this device only; in a group it is told all the same when
somebody names you (@you). fastchat unmute TO ends it.

--for TIME         for so long: a number with s, m, h, d or w, ${limits.maxMuteMs / 86_400_000}d at most
--json             prints {"to", "conversation", "muted", "mutedUntil"?}`,
  options: { for: value, json: flag, timeout: value },
  read({ values, positionals }) {
    const to = onlyTo(positionals, 'mute')
    const time = values.for === undefined ? {} : { forMs: readMuteTime(String(values.for)) }
    return { command: 'mute', to, ...time, json: values.json === true, timeoutMs: timeoutOf(values) }
  },
}

const unmute: CommandSpec<UnmuteLine> = {
  help: `unmute TO                It tells of it again.
Usage: fastchat unmute TO [--json] [--timeout SECONDS] [--as USER] [--server URL]...

TO as for send. --json prints {"to", "conversation", "muted"}.`,
  options: { json: flag, timeout: value },
  read({ values, positionals }) {
    const to = onlyTo(positionals, 'unmute')
    return { command: 'unmute', to, json: values.json === true, timeoutMs: timeoutOf(values) }
  },
}

export const changeCommands = { edit, delete: remove, react, save, timer, mute, unmute }

function onlyTo(positionals: readonly string[], command: string): string {
  const [to, ...more] = positionals
  if (to === undefined || more.length > 0) throw wrong(`${command} takes whom it is about: @USER or #GROUP`)
  return readTo(to)
}

function readMuteTime(typed: string): number {
  const ms = timeMs(typed)
  if (ms > 0 && ms <= limits.maxMuteMs) return ms
  throw wrong(`--for takes a time like 30m, 8h, 1d, 1w: ${limits.maxMuteMs / 86_400_000}d at most`)
}

function timeoutOf(values: Values): number {
  return readTimeout(values.timeout) ?? DEFAULT_TIMEOUT_MS
}

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `8h` as ms; NaN for what is no time. */
function timeMs(typed: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/i.exec(typed) ?? []
  return Number(count) * (UNITS_MS[unit.toLowerCase()] ?? Number.NaN)
}

function readTime(typed: string): number | null {
  if (typed.toLowerCase() === 'off') return null
  const afterMs = timeMs(typed)
  if (afterMs >= limits.minDisappearMs && afterMs <= limits.maxDisappearMs) return afterMs
  const longest = limits.maxDisappearMs / 86_400_000
  throw wrong(`a time is off, or like 30s, 5m, 1h, 1d, 1w: ${limits.minDisappearMs / 1000}s to ${longest}d`)
}
