import { createDefectLog } from './home/defect-log.ts'
import { openHome } from './home/home-folder.ts'
import { type LazyAccounts, lazyAccounts } from './lazy-accounts.ts'
import { normalizeServerUrl } from './net/urls.ts'

export interface HomeAccountsOptions {
  /** FASTCHAT_HOME; made when it is not there. */
  folder: string
  servers: readonly string[]
  /** Whether these are meant for every account, whatever server it was made at. Default: no. */
  isForced?: boolean
  /** XDG_RUNTIME_DIR. */
  runtimeFolder?: string | undefined
}

/**
 * The accounts of a home on this disk, at these servers. What is wrong with either is said here; what opens an account is
 * loaded when one is wanted.
 *
 * @throws FastChatError `home_unsafe`, `disk_full`, `usage` for an address of a server that is none
 */
export async function accountsOfHome({
  folder,
  servers,
  isForced = false,
  runtimeFolder,
}: HomeAccountsOptions): Promise<LazyAccounts> {
  const normalized = servers.map(normalizeServerUrl)
  const home = await openHome({ folder })
  return lazyAccounts({
    home,
    async load() {
      const { createAccounts } = await import('./accounts.ts')
      const { createAgent } = await import('./agent/create-agent.ts')
      const agent = createAgent({ home, runtimeFolder })
      const report = createDefectLog({ folder: home.folder })
      return createAccounts({ home, agent, servers: normalized, isForced, report })
    },
  })
}
