import { Hono } from 'hono'
import type { UserDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import {
  ChangePasswordRequest,
  type ChangePasswordResponse,
  RecoveryRequest,
  type RecoveryResponse,
} from '../../schema/http.ts'
import { checkKdf, hashAuthKey, hashRecovery, isAuthKey } from '../auth/passwords.ts'
import { limitAddress } from './address-limit.ts'
import { readBody } from './body.ts'
import type { Services } from './context.ts'

/** Another password, proven by the present one or by the recovery code. No access token: who has forgotten it has none. */
export function passwordRoutes(services: Services): Hono {
  const { store, rates, clock, limits, lease } = services
  const app = new Hono()
  const limit = limitAddress(services)

  app.post('/recovery', async context => {
    limit(context, rates.logins)
    const { userId, authKey } = await readBody(context, { schema: RecoveryRequest, limits })
    const user = await store.accounts.findUser(userId)
    if (!isAuthKey(authKey, user?.recovery) || !user?.recovery) throw refused()
    const { accountKey, recovery } = user
    return context.json({ accountKey, vault: recovery.vault } satisfies RecoveryResponse)
  })

  app.put('/password', async context => {
    limit(context, rates.logins)
    const request = await readBody(context, { schema: ChangePasswordRequest, limits })
    const { userId, kdf, vault, recovery } = request
    checkKdf(kdf)
    const user = await store.accounts.findUser(userId)
    const changed = { userId } satisfies ChangePasswordResponse
    // The answer was lost, and the client asks again.
    if (isAuthKey(request.authKey, user) && user?.vault === vault) return context.json(changed)
    const kept = proven(request, user)
    const isDone = await store.accounts.changePassword(userId, {
      by: request.proof.by,
      authHash: kept.authHash,
      password: {
        ...hashAuthKey(request.authKey),
        kdf,
        vault,
        passwordChangedAt: new Date(lease.now()),
      },
      ...(recovery ? { recovery: hashRecovery(recovery) } : {}),
    })
    // Somebody else with the same proof was first.
    if (!isDone) throw refused()
    return context.json(changed)
  })

  /** What is kept of the proof. @throws FastChatError `login_refused`, `rate_limited` */
  function proven({ userId, proof }: ChangePasswordRequest, user: UserDocument | null) {
    // A code has 130 bits: nobody guesses it, so nobody need be kept from trying, nor can keep its owner from it.
    const isGuessable = proof.by === 'password'
    const nowMs = clock.now()
    if (isGuessable && !rates.failedLogins.has(userId, { nowMs })) {
      throw new FastChatError('rate_limited', 'Cannot change password: too many wrong passwords, try later')
    }
    const kept = isGuessable ? user : user?.recovery
    if (isAuthKey(proof.authKey, kept) && kept) return kept
    if (isGuessable) rates.failedLogins.take(userId, { nowMs })
    throw refused()
  }

  return app
}

function refused(): FastChatError {
  return new FastChatError('login_refused', 'Cannot prove account: user, password or recovery code is wrong')
}
