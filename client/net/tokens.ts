import type { ServersResponse } from '../../schema/http.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'

export interface TokenOptions {
  api: Api
  clock: Clock
  /** Signs an assertion for a server; `now` is that server's time, ms. */
  assert: (request: { audience: string; now: number }) => Promise<string>
}

/** The access token of one device at one server, renewed before it runs out. */
export interface Tokens {
  /** What the server said of itself and the others when the first token was asked for. */
  readonly about: ServersResponse
  value(): string
  /** Gets a fresh token now. Calls at the same time share one. @throws FastChatError */
  renew(): Promise<string>
  /** From here on tokens are renewed by themselves, and each is told. */
  keepFresh(onRenewed: (token: string) => void): void
  stop(): void
}

/** A token is replaced so long before it runs out, or at half its life when that is later. */
const RENEW_BEFORE_MS = 60_000
const RENEW_AGAIN_MS = 5_000

/** @throws FastChatError `device_revoked`, `unauthorized`, `unavailable` */
export async function createTokens({ api, clock, assert }: TokenOptions): Promise<Tokens> {
  const askedAt = clock.now()
  const about = await api.servers()
  // The answer was written about half-way: clocks of clients may be hours off.
  const skewMs = about.now - Math.round((askedAt + clock.now()) / 2)
  let current = await fetchToken()
  let renewing: Promise<string> | undefined
  let cancel: () => void = () => undefined
  let tell: ((token: string) => void) | undefined

  async function fetchToken() {
    const assertion = await assert({ audience: about.self, now: clock.now() + skewMs })
    return await api.token({ assertion })
  }

  function schedule(delayMs: number): void {
    cancel()
    if (!tell) return
    cancel = clock.after(delayMs, () => {
      // A failure is seen again when the server closes the socket because of it.
      renew().catch(() => schedule(RENEW_AGAIN_MS))
    })
  }

  async function renew(): Promise<string> {
    renewing ??= fetchToken()
      .then(fresh => {
        current = fresh
        tell?.(fresh.token)
        schedule(renewIn(fresh.expiresInMs))
        return fresh.token
      })
      .finally(() => {
        renewing = undefined
      })
    return await renewing
  }

  return {
    about,
    value: () => current.token,
    renew,
    keepFresh(onRenewed) {
      tell = onRenewed
      schedule(renewIn(current.expiresInMs))
    },
    stop() {
      tell = undefined
      cancel()
    },
  }
}

function renewIn(expiresInMs: number): number {
  return Math.max(expiresInMs - RENEW_BEFORE_MS, expiresInMs / 2)
}
