/** What can be written after a `/`, once: it runs them, completes them and makes F1's list. */
export interface SlashCommand {
  name: string
  /** What follows the name, for F1. */
  takes: string
  does: string
  /** Its first argument is a person. */
  completesPeople?: boolean
}

export const slashCommands = [
  { name: 'msg', takes: 'USER [TEXT]', does: 'write to a person', completesPeople: true },
  { name: 'help', takes: '', does: 'keys and commands' },
  { name: 'logout', takes: '', does: 'close this account on this machine' },
  { name: 'quit', takes: '', does: 'end the program' },
] as const satisfies readonly SlashCommand[]

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
