import { Hono } from 'hono'
import { FastChatError } from '../../schema/errors.ts'
import {
  LabelDeviceRequest,
  type LabelDeviceResponse,
  type OwnDevicesResponse,
  type RevokeDeviceResponse,
} from '../../schema/http.ts'
import { DeviceId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { errorFields } from '../port/log.ts'
import { readBody } from './body.ts'
import { requireCaller } from './caller.ts'
import type { Carried, Services } from './context.ts'

/** One's own devices, for those who have an access token. (`POST /v1/devices` needs none: see `accountRoutes`.) */
export function deviceRoutes(services: Services): Hono<Carried> {
  const { store, lease, hub, clock, limits, log } = services
  const app = new Hono<Carried>()

  app.get('/devices', requireCaller(services), async context => {
    const devices = await store.accounts.devicesOf(context.get('caller').userId)
    return context.json({
      devices: devices.map(device => ({
        deviceId: device._id,
        certificate: device.certificate,
        active: hub.devices.isActive(device),
        ...(device.label === undefined ? {} : { label: device.label }),
      })),
    } satisfies OwnDevicesResponse)
  })

  app.put('/devices/:id/label', requireCaller(services), async context => {
    const { userId } = context.get('caller')
    const deviceId = parse(DeviceId, context.req.param('id'), { what: 'device id' })
    const { label } = await readBody(context, { schema: LabelDeviceRequest, limits })
    if (!(await store.accounts.setLabel(deviceId, { userId, label }))) {
      throw new FastChatError('not_found', `Cannot name device ${deviceId}: it is none of this account`)
    }
    return context.json({ deviceId } satisfies LabelDeviceResponse)
  })

  app.delete('/devices/:id', requireCaller(services), async context => {
    const { userId } = context.get('caller')
    const deviceId = parse(DeviceId, context.req.param('id'), { what: 'device id' })
    const device = await store.accounts.findDevice(deviceId)
    if (device?.userId !== userId) {
      throw new FastChatError('not_found', `Cannot revoke device ${deviceId}: it is none of this account`)
    }
    // First what keeps it out, everywhere and at once: every server learns it from the change stream.
    await store.accounts.revokeDevice(deviceId, { userId, at: new Date(lease.now()) })
    // Also when it was revoked before: whoever did that may have ended before the rest was done.
    await Promise.all([
      store.prekeys.removeDevice(deviceId),
      store.presence.removeDevice(deviceId),
      store.messages.removeDevice(deviceId),
      store.blobs.removeDevice(deviceId),
    ])
    // Another server may have stored a message for it just before it heard: by its next heartbeat it has.
    clock.after(limits.leaseRenewMs, () => {
      Promise.all([store.messages.removeDevice(deviceId), store.blobs.removeDevice(deviceId)]).catch(
        error => {
          log.warn(errorFields(error), 'Cannot take a revoked device off what waits: that ends with its time')
        },
      )
    })
    return context.json({ deviceId } satisfies RevokeDeviceResponse)
  })

  return app
}
