import type { Accounts } from './chat.ts'
import type { Home } from './home/home.ts'
import type { PasswordChecker } from './locking.ts'

/** Accounts that can be loaded before one is wanted. */
export interface LazyAccounts extends Accounts, PasswordChecker {
  /** Loads now what opens an account, if nobody has wanted one yet. What fails is told to whoever wants one. */
  prepare(): void
}

/**
 * The accounts of a home whose keys, network and store (`load`, once) are loaded by the first who wants one: to say which
 * accounts there are takes none of that, so a screen can be there before.
 */
export function lazyAccounts({
  home,
  load,
}: {
  home: Home
  load: () => Promise<Accounts & PasswordChecker>
}): LazyAccounts {
  let loading: Promise<Accounts & PasswordChecker> | undefined
  const loaded = () => {
    loading ??= load()
    return loading
  }
  return {
    list: () => home.list(),
    measure: async request => await (await loaded()).measure(request),
    signUp: async credentials => await (await loaded()).signUp(credentials),
    logIn: async credentials => await (await loaded()).logIn(credentials),
    checkPassword: async credentials => await (await loaded()).checkPassword(credentials),
    resume: async account => await (await loaded()).resume(account),
    recover: async request => await (await loaded()).recover(request),
    changePassword: async request => await (await loaded()).changePassword(request),
    prepare: () => void loaded().catch(() => undefined),
  }
}
