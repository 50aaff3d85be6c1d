/** What can be written after a `/`, once: it runs them, completes them and makes F1's list. */
export interface SlashCommand {
  name: string
  /** What follows the name, for F1. */
  takes: string
  does: string
  /** What its first argument is; of `words` one of these. */
  completes?: 'people' | 'groups' | 'path' | 'themes' | readonly string[]
}

export const GROUP_WORDS = ['create', 'add', 'remove', 'title', 'promote', 'demote', 'leave'] as const
export type GroupWord = (typeof GROUP_WORDS)[number]

export const slashCommands = [
  { name: 'msg', takes: 'USER|#GROUP [TEXT]', does: 'write to a person or a group', completes: 'people' },
  { name: 'image', takes: 'PATH [CAPTION]', does: 'send a picture', completes: 'path' },
  { name: 'file', takes: 'PATH [CAPTION]', does: 'send a file', completes: 'path' },
  { name: 'save', takes: '[FOLDER]', does: 'save the last file', completes: 'path' },
  { name: 'group', takes: 'create ID [TITLE] [@USER …]', does: 'make a group', completes: GROUP_WORDS },
  { name: 'search', takes: '[TEXT]', does: 'search everywhere' },
  {
    name: 'export',
    takes: '[FILE]',
    does: 'write this conversation to a file (.ndjson: as JSON)',
    completes: 'path',
  },
  { name: 'members', takes: '', does: 'who is in this group' },
  { name: 'admin', takes: '[GROUP]', does: 'manage its members', completes: 'groups' },
  { name: 'accept', takes: '', does: 'take a request in' },
  { name: 'block', takes: '[USER]', does: 'show nothing of somebody', completes: 'people' },
  { name: 'unblock', takes: 'USER', does: 'show them again', completes: 'people' },
  { name: 'blocked', takes: '', does: 'who is blocked' },
  {
    name: 'mute',
    takes: '[8h|1d|1w]',
    does: 'tell nothing of this conversation, or not for so long',
    completes: ['1h', '8h', '1d', '1w', 'always'],
  },
  { name: 'unmute', takes: '', does: 'tell of it again' },
  { name: 'verify', takes: '[USER]', does: 'the safety number with somebody', completes: 'people' },
  { name: 'trust', takes: '[USER]', does: 'accept a key that has changed', completes: 'people' },
  { name: 'devices', takes: '', does: 'your devices: name, revoke, send history' },
  {
    name: 'history',
    takes: 'accept|decline',
    does: 'history that another device of yours offers',
    completes: ['accept', 'decline'],
  },
  {
    name: 'timer',
    takes: 'off|30s|5m|1h|1d|1w',
    does: 'messages disappear',
    completes: ['off', '30s', '5m', '1h', '1d', '1w'],
  },
  { name: 'receipts', takes: 'on|off', does: 'tell others what you have read', completes: ['on', 'off'] },
  { name: 'typing', takes: 'on|off', does: 'tell others that you are writing', completes: ['on', 'off'] },
  {
    name: 'presence',
    takes: 'on|off',
    does: 'show who is there, you and others',
    completes: ['on', 'off'],
  },
  {
    name: 'notify',
    takes: 'off|bell|desktop',
    does: 'how you are told of messages elsewhere',
    completes: ['off', 'bell', 'desktop'],
  },
  { name: 'theme', takes: '[NAME]', does: 'other colours', completes: 'themes' },
  { name: 'lock', takes: '', does: 'hide all until the password is given' },
  { name: 'help', takes: '', does: 'keys and commands' },
  { name: 'logout', takes: '', does: 'close this account on this machine' },
  { name: 'quit', takes: '', does: 'end the program' },
] as const satisfies readonly SlashCommand[]

/** What `/group` does besides `create`, for F1. */
export const groupUsage = [
  { takes: 'group add|remove USER …', does: 'as an admin of the open group' },
  { takes: 'group promote|demote USER', does: 'make somebody an admin, or no more' },
  { takes: 'group title TEXT', does: 'name it; the server cannot read it' },
  { takes: 'group leave', does: 'leave it' },
] as const

export type SlashName = (typeof slashCommands)[number]['name']

/** What a text in the composer is. */
export type Line =
  | { type: 'text'; text: string }
  | { type: 'command'; name: SlashName; rest: string }
  | { type: 'unknown'; name: string }

/** Reads a text: a command begins with `/`, a text that is to begin with one with `//`. */
export function readLine(text: string): Line {
  if (text.startsWith('//')) return { type: 'text', text: text.slice(1) }
  const [, name, rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? []
  if (name === undefined) return { type: 'text', text }
  const known = slashCommands.find(command => command.name === name.toLowerCase())
  return known ? { type: 'command', name: known.name, rest: rest.trim() } : { type: 'unknown', name }
}

/**
 * Takes a path off the beginning of an argument: it ends at the first blank, unless that has a `\` before it or stands
 * between quotes.
 */
export function takePath(argument: string): { path: string; rest: string } {
  const quoted = /^(["'])([\s\S]*?)\1(?:\s+|$)/.exec(argument)
  if (quoted) return { path: quoted[2] ?? '', rest: argument.slice(quoted[0].length).trim() }
  const [raw = ''] = /^(?:\\[\s\S]|[^\s\\])*/.exec(argument) ?? []
  return { path: raw.replace(/\\([\s\S])/g, '$1'), rest: argument.slice(raw.length).trim() }
}

/** A path as `takePath()` reads it. */
export function writePath(path: string): string {
  return path.replace(/[\s\\"']/g, '\\$&')
}

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `5m` as ms, `off` as null, undefined for what is neither. */
export function readDuration(text: string): number | null | undefined {
  if (text.toLowerCase() === 'off') return null
  const [, count, unit] = /^(\d{1,5})\s*([smhdw])$/i.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Number(count) * UNITS_MS[unit.toLowerCase() as keyof typeof UNITS_MS]
}
