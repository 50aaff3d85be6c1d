import { FastChatError } from '../../schema/errors.ts'
import type { DeviceId } from '../../schema/ids.ts'
import type { OwnDevice } from '../chat.ts'
import type { Connection } from '../net/connection.ts'
import type { Cipher } from './cipher.ts'
import type { Identity } from './records.ts'

export interface DevicesOptions {
  identity: Identity
  cipher: Cipher
  connection: Pick<Connection, 'request'>
}

/** See `Chat.devices`. */
export async function listDevices({ identity, cipher, connection }: DevicesOptions): Promise<OwnDevice[]> {
  const { devices } = await connection.request((api, token) => api.ownDevices({ token }))
  return await Promise.all(
    devices.map(async ({ deviceId, certificate, active }) => ({
      deviceId,
      since: await cipher.certifiedAt({ deviceId, certificate }),
      current: deviceId === identity.deviceId,
      active,
    })),
  )
}

/** See `Chat.revokeDevice`. Others, and this account's other devices, learn it from their servers. */
export async function revokeDevice(
  { identity, connection }: DevicesOptions,
  deviceId: DeviceId,
): Promise<void> {
  try {
    await connection.request((api, token) => api.revokeDevice({ deviceId, token }))
  } catch (error) {
    // Revoking itself, asked again because the answer was lost: it is done.
    const isDone =
      error instanceof FastChatError && error.code === 'device_revoked' && deviceId === identity.deviceId
    if (!isDone) throw error
  }
}
