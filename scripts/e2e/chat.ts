import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnArgs } from '../runtimes.ts'
import { openTerminal, type TestTerminal, type TestTerminalOptions } from './terminal.ts'
import type { Host, Person } from './world.ts'

const EXECUTABLE = fileURLToPath(new URL('../fastchat.ts', import.meta.url))

/** `fastchat chat` of a person in a terminal, at one server, without the password in its environment. */
export function openChat(
  person: Person,
  { server, env, ...options }: { server: Host } & Omit<TestTerminalOptions, 'command' | 'args'>,
): TestTerminal {
  return openTerminal({
    ...spawnArgs(person.runtime, EXECUTABLE, ['chat']),
    env: {
      FASTCHAT_HOME: person.home,
      // Not the configuration of whoever runs the tests.
      XDG_CONFIG_HOME: join(person.home, 'config'),
      FASTCHAT_SERVERS: server.url,
      FASTCHAT_PASSWORD: undefined,
      MONGODB_URI: undefined,
      ...env,
    },
    ...options,
  })
}
