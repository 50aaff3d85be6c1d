import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import type { UserDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import {
  AddDeviceRequest,
  type AddDeviceResponse,
  CreateAccountRequest,
  type CreateAccountResponse,
  type LoginChallenge,
  LoginRequest,
  type LoginResponse,
  TokenRequest,
  type TokenResponse,
} from '../../schema/http.ts'
import { CertificateClaims } from '../../schema/jose.ts'
import { checkKdf, hashAuthKey, hashRecovery, isAuthKey, madeUpKdf } from '../auth/passwords.ts'
import { unverifiedClaims } from '../auth/signatures.ts'
import { limitAddress } from './address-limit.ts'
import { readBody } from './body.ts'
import type { Services } from './context.ts'
import { checkRegistration, storeDevice } from './registration.ts'

/** Sign-up, log-in, devices and tokens: the routes that need no access token. */
export function accountRoutes(services: Services): Hono {
  const { store, tokens, rates, clock, limits, lease } = services
  const app = new Hono()
  const limit = limitAddress(services)

  app.post('/accounts', async context => {
    limit(context, rates.logins)
    const request = await readBody(context, { schema: CreateAccountRequest, limits })
    const { userId, kdf, authKey, accountKey, vault, recovery } = request
    checkKdf(kdf)
    const device = await checkRegistration(request.device, { _id: userId, accountKey }, services)
    const user: UserDocument = {
      _id: userId,
      ...hashAuthKey(authKey),
      kdf,
      accountKey,
      vault,
      ...(recovery ? { recovery: hashRecovery(recovery) } : {}),
      createdAt: new Date(lease.now()),
    }
    // The user first: whose the name is, is decided by one write. A client that got no answer asks again.
    if (!(await store.accounts.createUser(user))) {
      const known = await store.accounts.findUser(userId)
      if (known?.accountKey.x !== accountKey.x || !isAuthKey(authKey, known)) {
        throw new FastChatError('user_exists', `Cannot make account ${userId}: the name is taken`)
      }
    }
    const deviceId = await storeDevice(device, services)
    return context.json({ userId, deviceId } satisfies CreateAccountResponse, 201)
  })

  app.post('/login', async context => {
    const { userId, authKey } = await readBody(context, { schema: LoginRequest, limits })
    limit(context, authKey === undefined ? rates.challenges : rates.logins)
    const [user, secret] = await Promise.all([
      store.accounts.findUser(userId),
      store.accounts.loginSecret(randomBytes(32).toString('base64url')),
    ])
    const kdf = user?.kdf ?? madeUpKdf(userId, secret)
    if (authKey === undefined) return context.json({ kdf } satisfies LoginChallenge)
    const nowMs = clock.now()
    if (!rates.failedLogins.has(userId, { nowMs })) {
      throw new FastChatError('rate_limited', 'Cannot log in: too many wrong passwords, try later')
    }
    if (!isAuthKey(authKey, user) || !user) {
      rates.failedLogins.take(userId, { nowMs })
      throw new FastChatError('login_refused', 'Cannot log in: user or password is wrong')
    }
    const { accountKey, vault } = user
    return context.json({ kdf, accountKey, vault } satisfies LoginResponse)
  })

  app.post('/devices', async context => {
    limit(context, rates.logins)
    const registration = await readBody(context, { schema: AddDeviceRequest, limits })
    const { sub } = unverifiedClaims(registration.certificate, {
      claims: CertificateClaims,
      code: 'bad_certificate',
      what: 'certificate',
    })
    const user = await store.accounts.findUser(sub)
    // Nobody but the account's owner can know whether there is one: the same answer either way.
    if (!user)
      throw new FastChatError('bad_certificate', 'Cannot accept certificate: it is not signed as it must be')
    const checked = await checkRegistration(registration, user, services)
    const deviceId = await storeDevice(checked, services)
    return context.json({ deviceId } satisfies AddDeviceResponse, 201)
  })

  app.post('/token', async context => {
    const { assertion } = await readBody(context, { schema: TokenRequest, limits })
    return context.json((await tokens.give(assertion)) satisfies TokenResponse)
  })

  return app
}
