import { FastChatError } from '../../schema/errors.ts'
import type { Accounts, ServerMeasure } from '../chat.ts'
import { readConfigFile } from '../config/config-file.ts'
import type { Environment } from '../config/environment.ts'
import { showsUtf8 } from '../tui/ascii.ts'
import { colorDepth } from '../tui/theme.ts'
import type { Check } from './doctor.ts'

export interface Looked {
  environment: Environment
  version: string
  /** Node's or Deno's, with its name. */
  runtime: string
  /** Columns and rows of the terminal; null: standard output is none. */
  size: { cols: number; rows: number } | null
  /** Opens the home. @throws FastChatError what is wrong with it */
  openAccounts: () => Promise<Pick<Accounts, 'list' | 'measure'>>
}

/** What the chat needs, in the order in which it needs it. */
export function checksOf({ environment, version, runtime, size, openAccounts }: Looked): Check[] {
  const { terminal, configFile, home } = environment
  return [
    { name: 'program', look: async () => [`FastChat ${version}, ${runtime}`] },
    {
      name: 'terminal',
      async look() {
        if (!size) return ['standard output is no terminal: one-shot commands and chat --plain work']
        const letters = showsUtf8(terminal) ? 'UTF-8' : 'ASCII only, by the locale'
        const depth = colorDepth(terminal)
        const colors = depth === 0 ? 'no colours' : `${depth.toLocaleString('en')} colours`
        return [`${terminal.TERM ?? 'TERM is not set'}, ${size.cols}x${size.rows}, ${letters}, ${colors}`]
      },
    },
    {
      name: 'config',
      async look() {
        const { theme, isVim, lockAfterMs } = await readConfigFile(configFile)
        const lock = lockAfterMs === null ? 'no lock by itself' : `locks after ${lockAfterMs / 1000} s`
        return [`${configFile}: theme ${theme}, ${isVim ? 'vi, ' : ''}${lock}`]
      },
    },
    {
      name: 'accounts',
      async look() {
        const all = await (await openAccounts()).list()
        if (all.length === 0) return [`${home}: none yet; fastchat signup USER makes one`]
        const named = all.map(({ userId, loggedIn }) => `${userId}${loggedIn ? '' : ' (logged out)'}`)
        return [`${home}: ${named.join(', ')}`]
      },
    },
    { name: 'servers', look: async () => await lookAtServers(await openAccounts()) },
  ]
}

/** Those that answer. @throws FastChatError `no_server` when none does */
async function lookAtServers(accounts: Pick<Accounts, 'measure'>): Promise<string[]> {
  const found: ServerMeasure[] = []
  await accounts.measure({ found: server => void found.push(server) })
  if (found.every(({ latencyMs }) => latencyMs === null)) {
    const names = found.map(({ url }) => url).join(', ')
    throw new FastChatError('no_server', `Cannot reach server: none answers of ${names}`)
  }
  return found.map(({ url, latencyMs }) =>
    latencyMs === null
      ? `${url} does not answer; another one does`
      : `${url} answers in ${Math.round(latencyMs)} ms`,
  )
}
