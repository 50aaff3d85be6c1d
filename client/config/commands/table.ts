import { accountCommands } from './account.ts'
import { changeCommands } from './changes.ts'
import { groupCommands } from './groups.ts'
import { messageCommands } from './messages.ts'
import { peopleCommands } from './people.ts'
import { searchCommands } from './search.ts'

/** All commands, by the headings of the overview. */
export const commandFamilies = {
  Messages: { ...messageCommands, ...changeCommands, ...searchCommands },
  Groups: groupCommands,
  People: peopleCommands,
  'Your account': accountCommands,
} as const

export const commandTable = {
  ...messageCommands,
  ...changeCommands,
  ...searchCommands,
  ...groupCommands,
  ...peopleCommands,
  ...accountCommands,
} as const

export type CommandName = keyof typeof commandTable
export const commandNames = Object.keys(commandTable) as CommandName[]

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name)
}
