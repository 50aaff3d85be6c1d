import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { ServerUrl } from '../../schema/http.ts'

/** What the environment says to the client. Nothing else in client/ reads it. */
export interface Environment {
  /** FASTCHAT_HOME, absolute. */
  home: string
  /** `fastchat/config.toml` in XDG_CONFIG_HOME, else in ~/.config; absolute. */
  configFile: string
  /** FASTCHAT_SERVERS, at least one. */
  servers: string[]
  /** FASTCHAT_PASSWORD. */
  password?: string
  /** XDG_RUNTIME_DIR. */
  runtimeFolder?: string
  /** For the terminal's driver: TERM, COLORTERM, NO_COLOR and the like, as they are. */
  terminal: Readonly<Record<string, string | undefined>>
}

export const DEFAULT_SERVER = 'ws://127.0.0.1:8080'

const TERMINAL_VARIABLES = [
  ...['TERM', 'COLORTERM', 'NO_COLOR', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION', 'TMUX', 'STY'],
  ...['LANG', 'LC_ALL', 'LC_CTYPE', 'KITTY_WINDOW_ID', 'WT_SESSION', 'VISUAL', 'EDITOR'],
]

/**
 * @param env usually `process.env`
 * @throws FastChatError `bad_config` naming the variable.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    home: readHome(env),
    configFile: readConfigPath(env),
    servers: readServers(env.FASTCHAT_SERVERS),
    ...(env.FASTCHAT_PASSWORD ? { password: env.FASTCHAT_PASSWORD } : {}),
    ...(env.XDG_RUNTIME_DIR ? { runtimeFolder: env.XDG_RUNTIME_DIR } : {}),
    terminal: Object.fromEntries(TERMINAL_VARIABLES.map(name => [name, env[name]])),
  }
}

/** The version in package.json. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return v.parse(v.object({ version: v.string() }), JSON.parse(text)).version
}

function readHome(env: NodeJS.ProcessEnv): string {
  if (env.FASTCHAT_HOME) return resolve(env.FASTCHAT_HOME)
  // The XDG specification: a relative path there is to be ignored.
  const data = env.XDG_DATA_HOME
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'fastchat')
}

function readConfigPath(env: NodeJS.ProcessEnv): string {
  const config = env.XDG_CONFIG_HOME
  return join(config && isAbsolute(config) ? config : join(homedir(), '.config'), 'fastchat', 'config.toml')
}

function readServers(value: string | undefined): string[] {
  const servers = (value ?? '').split(',').flatMap(url => url.trim() || [])
  for (const server of servers) {
    if (v.is(ServerUrl, server)) continue
    throw new FastChatError(
      'bad_config',
      'Cannot read FASTCHAT_SERVERS: a server URL is ws://host[:port] or wss://host[:port]',
    )
  }
  return servers.length > 0 ? servers : [DEFAULT_SERVER]
}
