import { type CommandName, commandFamilies, commandTable } from './commands/table.ts'

/** A line for each command under the headings of their families, for the overview. */
export const commandOverview = Object.entries(commandFamilies)
  .map(([heading, family]) => {
    const lines = Object.values(family).map(({ help }) => `  ${help.split('\n')[0]}`)
    return [`${heading}:`, ...lines].join('\n')
  })
  .join('\n\n')

/** Of all that the client does. */
export const sharedHelp = `Options of all of them:
  --as USER                which account, when this machine has several
  --server URL             ws://host[:port] or wss://…; may be repeated
  --help, --version

Environment:
  FASTCHAT_HOME            keys, history, outbox (default: $XDG_DATA_HOME/fastchat,
                           else ~/.local/share/fastchat)
  FASTCHAT_SERVERS         URLs, separated by commas (default: ws://127.0.0.1:8080)
  XDG_CONFIG_HOME          fastchat/config.toml is there (default: ~/.config): keys
                           of the chat, themes, vi, screen lock
  FASTCHAT_PASSWORD        for signup and login; for recover the new one, for
                           password the present one

Exit codes: 0 done, 1 a defect, 2 wrong usage, 3 refused (by whom, why: on standard
error), 4 no server, 5 not delivered in time, 130 and 143 stopped by a signal`

/** `fastchat help` for the client alone, or one command. */
export function helpText(topic?: CommandName): string {
  if (topic) return `${commandTable[topic].help.split('\n').slice(1).join('\n')}\n`
  return `FastChat: end-to-end-encrypted chat for the terminal

${commandOverview}

${sharedHelp}
`
}
