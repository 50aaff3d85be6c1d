/** The client's commands: what `--help` says of each. The first line of each is its summary. */
const commands = {
  chat: `chat                     The chat in this terminal.
Usage: fastchat chat [--as USER] [--server URL]...

Sign up, log in and write in a full-screen terminal. F1 shows the keys.`,

  signup: `signup USER              Makes an account; this machine becomes its first device.
Usage: fastchat signup USER [--password-stdin] [--server URL]...

USER has 2 to 32 of a-z 0-9 _ . - and starts with a letter or a digit.
The password comes from FASTCHAT_PASSWORD, from the first line of standard
input with --password-stdin, or from a prompt; never from the command line,
which everyone on this machine can see.`,

  login: `login USER               Opens an account on this machine with its password.
Usage: fastchat login USER [--password-stdin] [--server URL]...

On a machine where the account was before it goes on as the same device, else
as a new one, which contacts are told. The password: see fastchat signup.`,

  logout: `logout                   Closes an account here; its data stays, sealed.
Usage: fastchat logout [--as USER]

Whatever runs for the account on this machine ends, too.`,

  accounts: `accounts                 Lists the accounts of this machine.
Usage: fastchat accounts [--json]

--json prints an object a line: {"userId": …, "loggedIn": true | false}`,

  devices: `devices                  Lists the devices of the account; revokes one.
Usage: fastchat devices [--json] [--as USER] [--server URL]...
       fastchat devices revoke ID [--json] [--as USER] [--server URL]...

A machine where the account was logged in is a device. One that is revoked is
shut out at once and for good: whatever runs there ends with exit code 3,
nothing is encrypted for it any more, and what waited for it is dropped. It
keeps what it has had already.
--json             an object a line: {"deviceId", "since", "current", "active"},
                   "since" as ISO 8601 in UTC; revoke prints {"revoked": ID}

One that is not active was away for 30 days: it gets what is written after it
connects again.`,

  send: `send USER TEXT           Sends one message; - takes the text from standard input.
Usage: fastchat send USER TEXT|- [--wait stored|delivered] [--timeout SECONDS]
                     [--json] [--as USER] [--server URL]...

--wait stored      until a server has it on its disks (the default)
--wait delivered   until a device of USER has it
--timeout SECONDS  30 when not given. Exit code 4: no server has it; it stays in
                   the outbox and goes out with the next command that connects.
                   Exit code 5: stored, but not delivered in time.
--json             prints {"id", "to", "conversation", "sentAt", "state"}

A text has at most 64 KiB of UTF-8. From standard input, one line break at the
end is dropped.`,

  recv: `recv                     Prints messages that were not read yet.
Usage: fastchat recv [--json] [--follow] [--count N] [--timeout SECONDS]
                     [--as USER] [--server URL]...

Without more: prints what is unread, here and on the server, and ends.
--json             an object a line (NDJSON): {"id", "from", "conversation",
                   "sentAt", "receivedAt", "text"}, times as ISO 8601 in UTC
--follow, -f       goes on until it is stopped (or SECONDS are over: code 0)
--count N, -n N    ends after N messages, waiting for them if it must
--timeout SECONDS  gives up then: exit code 4 when no server was reached, 5 when
                   fewer than N messages came. 30 for what waits on the server;
                   no limit with --count or --follow.

A message is read once it was printed.`,
} as const

export type CommandName = keyof typeof commands
export const commandNames = Object.keys(commands) as CommandName[]

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name)
}

/** A line for each command, for the overview. */
export const commandSummaries = Object.values(commands).map(text => `  ${text.split('\n')[0]}`)

/** Of all that the client does. */
export const sharedHelp = `Options of all of them:
  --as USER                which account, when this machine has several
  --server URL             ws://host[:port] or wss://…; may be repeated
  --help, --version

Environment:
  FASTCHAT_HOME            keys, history, outbox (default: $XDG_DATA_HOME/fastchat,
                           else ~/.local/share/fastchat)
  FASTCHAT_SERVERS         URLs, separated by commas (default: ws://127.0.0.1:8080)
  FASTCHAT_PASSWORD        for signup and login

Exit codes: 0 done, 1 a defect, 2 wrong usage, 3 refused (by whom, why: on standard
error), 4 no server, 5 not delivered in time, 130 and 143 stopped by a signal`

/** `fastchat help` for the client alone, or one command. */
export function helpText(topic?: CommandName): string {
  if (topic) return `${commands[topic].split('\n').slice(1).join('\n')}\n`
  return `FastChat: end-to-end-encrypted chat for the terminal

${commandSummaries.join('\n')}

${sharedHelp}
`
}
