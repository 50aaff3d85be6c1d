import type { DeviceId, MessageId, UserId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import {
  type CommandSpec,
  flag,
  type Given,
  none,
  only,
  readDeviceId,
  readMessageId,
  readSwitch,
  readTimeout,
  readUserId,
  value,
  wrong,
} from '../arguments.ts'

export interface EntranceLine<C extends 'signup' | 'login' | 'recover'> {
  command: C
  userId: UserId
  isPasswordOnStdin: boolean
}

export interface SignUpLine extends EntranceLine<'signup'> {
  /** A recovery code is made. */
  isRecoverable: boolean
}

export interface PasswordLine {
  command: 'password'
  isPasswordOnStdin: boolean
  /** Another recovery code is made, too. */
  isNewCode: boolean
}

export interface AccountsLine {
  command: 'accounts'
  json: boolean
}

export interface DoctorLine {
  command: 'doctor'
  json: boolean
}

export type DevicesLine = { command: 'devices'; json: boolean; timeoutMs: number } & (
  | { action: 'list' }
  | { action: 'revoke'; deviceId: DeviceId }
  /** null takes the name back. */
  | { action: 'name'; deviceId: DeviceId; name: string | null }
  | { action: 'share'; deviceId: DeviceId }
  | { action: 'offers' }
  /** Without an id: the only offer there is. */
  | { action: 'accept' | 'decline'; id?: MessageId }
)

export interface SettingsLine {
  command: 'settings'
  json: boolean
  /** As they are to be; absent: as they are. */
  readReceipts?: boolean
  typing?: boolean
  presence?: boolean
}

const signup: CommandSpec<SignUpLine> = {
  help: `signup USER              Makes an account; this machine becomes its first device.
Usage: fastchat signup USER [--password-stdin] [--no-recovery] [--server URL]...

USER has 2 to 32 of a-z 0-9 _ . - and starts with a letter or a digit.
The password comes from FASTCHAT_PASSWORD, from the first line of standard
input with --password-stdin, or from a prompt; never from the command line,
which everyone on this machine can see. One that is easy to guess is refused.

A recovery code is printed once: it replaces a forgotten password, see fastchat
recover. --no-recovery makes none.`,
  options: { 'password-stdin': flag, 'no-recovery': flag },
  read: given => ({
    ...readEntrance(given, 'signup'),
    isRecoverable: given.values['no-recovery'] !== true,
  }),
}

const login: CommandSpec<EntranceLine<'login'>> = {
  help: `login USER               Opens an account on this machine with its password.
Usage: fastchat login USER [--password-stdin] [--server URL]...

On a machine where the account was before it goes on as the same device, else
as a new one, which contacts are told. The password: see fastchat signup.`,
  options: { 'password-stdin': flag },
  read: given => readEntrance(given, 'login'),
}

const recover: CommandSpec<EntranceLine<'recover'>> = {
  help: `recover USER             Replaces a forgotten password with the recovery code.
Usage: fastchat recover USER [--password-stdin] [--server URL]...

Asks for the recovery code and a new password (or takes that from
FASTCHAT_PASSWORD), opens the account here as fastchat login does, and prints
another recovery code: each is good once. The old password opens nothing any
more; other devices stay logged in, see fastchat devices.

--password-stdin   the code is the first line of standard input, the new
                   password the second`,
  options: { 'password-stdin': flag },
  read: given => readEntrance(given, 'recover'),
}

const password: CommandSpec<PasswordLine> = {
  help: `password                 Changes the password of an account.
Usage: fastchat password [--new-recovery] [--password-stdin] [--as USER]
                         [--server URL]...

Asks for the present password (or takes it from FASTCHAT_PASSWORD) and for the
new one. The old one opens nothing any more; devices stay logged in.

--new-recovery     prints another recovery code, too; the old one is void
--password-stdin   the present password is the first line of standard input,
                   the new one the second`,
  options: { 'password-stdin': flag, 'new-recovery': flag },
  read({ values, positionals }) {
    none(positionals, 'password')
    return {
      command: 'password',
      isPasswordOnStdin: values['password-stdin'] === true,
      isNewCode: values['new-recovery'] === true,
    }
  },
}

const logout: CommandSpec<{ command: 'logout' }> = {
  help: `logout                   Closes an account here; its data stays, sealed.
Usage: fastchat logout [--as USER]

Whatever runs for the account on this machine ends, too.`,
  options: {},
  read({ positionals }) {
    none(positionals, 'logout')
    return { command: 'logout' }
  },
}

const accounts: CommandSpec<AccountsLine> = {
  help: `accounts                 Lists the accounts of this machine.
Usage: fastchat accounts [--json]

--json prints an object a line: {"userId": …, "loggedIn": true | false}`,
  options: { json: flag },
  read({ values, positionals }) {
    none(positionals, 'accounts')
    return { command: 'accounts', json: values.json === true }
  },
}

const doctor: CommandSpec<DoctorLine> = {
  help: `doctor                   Looks at all that the chat needs, and says what is wrong.
Usage: fastchat doctor [--json] [--server URL]...

The terminal, config file, home, accounts, servers. Exit code: that of the first
thing that is wrong, else 0. --json prints {"check", "ok", "detail"} a line.`,
  options: { json: flag },
  read({ values, positionals }) {
    none(positionals, 'doctor')
    return { command: 'doctor', json: values.json === true }
  },
}

const devices: CommandSpec<DevicesLine> = {
  help: `devices                  The devices of the account: name, revoke, share history.
Usage: fastchat devices [--json]
       fastchat devices revoke ID | name ID NAME | share ID
       fastchat devices history [accept|decline [ID]]
       each with [--json] [--timeout SECONDS] [--as USER] [--server URL]...

A machine where the account was logged in is a device. ID: as this lists them.

revoke ID          shuts one out at once and for good: whatever runs there ends
                   with exit code 3, nothing is encrypted for it any more, and
                   what waited for it is dropped. It keeps what it has already.
name ID NAME       a name that only you see; "" takes it back
share ID           offers it the history of this device, encrypted for it; ends
                   when a server has it. It is taken in there, by …
history accept     … the offer of ID, or the only one there is; decline forgets
                   it; without either, the offers are listed
--timeout SECONDS  30 when not given; share and accept: 600

--json prints an object a line: of a device {"deviceId", "name"?, "since",
"current", "active"}, "since" as ISO 8601 in UTC; of an offer {"id", "from",
"messages", "conversations"}; revoke {"revoked": ID}; name {"deviceId",
"name"}, which is null when it was taken back; share {"offeredTo", "messages"};
accept {"accepted", "messages"}; decline {"declined"}.

A device that is not active was away for 30 days: it gets what is written after
it connects again.`,
  options: { json: flag, timeout: value },
  read: readDevices,
}

const settings: CommandSpec<SettingsLine> = {
  help: `settings                 What others are told of you.
Usage: fastchat settings [--read-receipts on|off] [--typing on|off]
                         [--presence on|off] [--json]
                         [--as USER] [--server URL]...

--read-receipts    whether others are told that you have read what they wrote
--typing           whether they are told that you are writing
--presence         whether the people you talk with see when you are here, and
                   you see when they are
--json             prints {"readReceipts", "typing", "presence"}

Prints how they are, after the change if there is one. Of this device only.`,
  options: { json: flag, 'read-receipts': value, typing: value, presence: value },
  read({ values, positionals }) {
    none(positionals, 'settings')
    const readReceipts = readSwitch(values['read-receipts'], '--read-receipts')
    const typing = readSwitch(values.typing, '--typing')
    const presence = readSwitch(values.presence, '--presence')
    return {
      command: 'settings',
      json: values.json === true,
      ...(readReceipts === undefined ? {} : { readReceipts }),
      ...(typing === undefined ? {} : { typing }),
      ...(presence === undefined ? {} : { presence }),
    }
  },
}

export const accountCommands = {
  ...{ signup, login, recover, password, logout },
  ...{ accounts, devices, settings, doctor },
}

function readEntrance<C extends 'signup' | 'login' | 'recover'>(
  { values, positionals }: Given,
  command: C,
): EntranceLine<C> {
  return {
    command,
    userId: readUserId(only(positionals, { command, what: 'a user id' })),
    isPasswordOnStdin: values['password-stdin'] === true,
  }
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_HISTORY_TIMEOUT_MS = 600_000

function readDevices({ values, positionals }: Given): DevicesLine {
  const [action, id, ...more] = positionals
  const timeoutMs = readTimeout(values.timeout)
  const shared = { command: 'devices', json: values.json === true } as const
  const quick = { ...shared, timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS }
  const slow = { ...shared, timeoutMs: timeoutMs ?? DEFAULT_HISTORY_TIMEOUT_MS }
  switch (action) {
    case undefined:
      return { ...quick, action: 'list' }
    case 'revoke':
    case 'share':
      if (more.length > 0) readDeviceId(undefined, `devices ${action}`)
      return {
        ...(action === 'share' ? slow : quick),
        action,
        deviceId: readDeviceId(id, `devices ${action}`),
      }
    case 'name': {
      const [name, ...rest] = more
      const deviceId = readDeviceId(id, 'devices name')
      if (name === undefined) throw wrong('devices name takes the id and the name ("" takes it back)')
      if (rest.length > 0) throw wrong('devices name takes one name: put it in quotes')
      return { ...quick, action, deviceId, name: readDeviceName(name) }
    }
    case 'history':
      return readHistory([id, ...more], id === undefined ? quick : slow)
    default:
      throw wrong(
        `devices takes "revoke ID", "name ID NAME", "share ID", "history" or nothing, not "${action}"`,
      )
  }
}

function readDeviceName(typed: string): string | null {
  const name = typed.trim()
  if (Buffer.byteLength(name) <= limits.maxDeviceNameBytes) return name === '' ? null : name
  throw wrong(`a device's name has at most ${limits.maxDeviceNameBytes} bytes`)
}

function readHistory(
  [answer, id, ...more]: (string | undefined)[],
  shared: { command: 'devices'; json: boolean; timeoutMs: number },
): DevicesLine {
  if (answer === undefined) return { ...shared, action: 'offers' }
  if (answer !== 'accept' && answer !== 'decline') {
    throw wrong(`devices history takes "accept", "decline" or nothing, not "${answer}"`)
  }
  if (more.length > 0) throw wrong(`devices history ${answer} takes the id of one offer at most`)
  return {
    ...shared,
    action: answer,
    ...(id === undefined ? {} : { id: readMessageId(id, `devices history ${answer}`) }),
  }
}
