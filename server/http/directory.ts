import { Hono } from 'hono'
import { FastChatError } from '../../schema/errors.ts'
import {
  ClaimPrekeysRequest,
  type ClaimPrekeysResponse,
  ManyDevicesRequest,
  type ManyDevicesResponse,
  UploadPrekeysRequest,
  type UploadPrekeysResponse,
  type UserDevicesResponse,
} from '../../schema/http.ts'
import { UserId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { checkSignedPrekey } from '../auth/signatures.ts'
import { readBody } from './body.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'
import { checkOneTimePrekeys, deviceKeyOf } from './registration.ts'
import { createStockWatch } from './stock-watch.ts'

/** How many prekeys are taken at the same time for one request. */
const CLAIMS_AT_ONCE = 16

/** Other people's devices, and prekeys: for those who have an access token. */
export function directoryRoutes(services: Services): Hono<Carried> {
  const { store, rates, clock, limits, lease, hub } = services
  const claimed = createStockWatch(services)
  const app = new Hono<Carried>()
  app.use('/users/*', requireCaller(services))
  app.use('/prekeys/*', requireCaller(services))
  app.use('/prekeys', requireCaller(services))

  app.get('/users/:id/devices', async context => {
    const userId = parse(UserId, context.req.param('id'), { what: 'user id' })
    const [user, devices] = await Promise.all([
      store.accounts.findUser(userId),
      store.accounts.activeDevices([userId], { at: hub.devices.at() }),
    ])
    if (!user) throw new FastChatError('unknown_user', `Cannot find ${userId}: there is no such user`)
    return context.json({
      userId,
      accountKey: user.accountKey,
      devices: devices.map(({ _id: deviceId, certificate }) => ({ deviceId, certificate })),
    } satisfies UserDevicesResponse)
  })

  app.post('/users/devices', async context => {
    const { users } = await readBody(context, { schema: ManyDevicesRequest, limits })
    const asked = [...new Set(users)]
    const [keys, devices] = await Promise.all([
      store.accounts.accountKeys(asked),
      store.accounts.activeDevices(asked, { at: hub.devices.at() }),
    ])
    const byUser = new Map<UserId, UserDevicesResponse['devices']>()
    for (const { _id: deviceId, userId, certificate } of devices) {
      const known = byUser.get(userId) ?? []
      known.push({ deviceId, certificate })
      byUser.set(userId, known)
    }
    return context.json({
      users: asked.flatMap(userId => {
        const accountKey = keys.get(userId)
        return accountKey ? [{ userId, accountKey, devices: byUser.get(userId) ?? [] }] : []
      }),
    } satisfies ManyDevicesResponse)
  })

  app.post('/prekeys', async context => {
    const { deviceId } = context.get('caller')
    const request = await readBody(context, { schema: UploadPrekeysRequest, limits })
    const device = await store.accounts.findDevice(deviceId)
    if (!device) throw new FastChatError('unauthorized', 'Cannot store prekeys: there is no such device')
    const deviceKey = deviceKeyOf(device)
    const prekeys = await checkOneTimePrekeys(request.oneTimePrekeys, { deviceId, deviceKey })
    const others = await store.prekeys.count(deviceId, { except: prekeys.map(({ _id }) => _id) })
    if (others + prekeys.length > limits.maxOneTimePrekeys) {
      throw new FastChatError(
        'too_large',
        `Cannot store prekeys: a device keeps at most ${limits.maxOneTimePrekeys}`,
      )
    }
    if (request.signedPrekey !== undefined) {
      const signed = await checkSignedPrekey(request.signedPrekey, {
        ...{ deviceId, deviceKey, limits },
        now: lease.now(),
      })
      await store.accounts.setSignedPrekey(deviceId, signed)
    }
    await store.prekeys.add(prekeys)
    return context.json({ left: await store.prekeys.count(deviceId) } satisfies UploadPrekeysResponse)
  })

  app.post('/prekeys/claim', async context => {
    const { userId } = context.get('caller')
    const request = await readBody(context, { schema: ClaimPrekeysRequest, limits })
    const wanted = [...new Set(request.devices)]
    if (!rates.claims.take(userId, { nowMs: clock.now(), cost: wanted.length })) {
      throw new FastChatError('rate_limited', 'Cannot claim prekeys: too many in a minute, try later')
    }
    const found = await store.accounts.findDevices(wanted)
    const devices = found.filter(device => hub.devices.isActive(device))
    const prekeys: ClaimPrekeysResponse['prekeys'] = []
    for (let from = 0; from < devices.length; from += CLAIMS_AT_ONCE) {
      prekeys.push(
        ...(await Promise.all(
          devices.slice(from, from + CLAIMS_AT_ONCE).map(async ({ _id: deviceId, signedPrekey }) => {
            const oneTimePrekey = await store.prekeys.claim(deviceId)
            return { deviceId, signedPrekey, ...(oneTimePrekey === null ? {} : { oneTimePrekey }) }
          }),
        )),
      )
    }
    claimed(devices.map(({ _id }) => _id))
    return context.json({ prekeys } satisfies ClaimPrekeysResponse)
  })

  return app
}
