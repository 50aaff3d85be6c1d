import { FastChatError } from '../../schema/errors.ts'
import type { DeviceId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { OwnDevice } from '../chat.ts'
import { openLabel, sealLabel } from '../crypto/label.ts'
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
    devices.map(async ({ deviceId, certificate, active, label }) => ({
      deviceId,
      ...(await nameOf(label, { deviceId, identity })),
      since: await cipher.certifiedAt({ deviceId, certificate }),
      current: deviceId === identity.deviceId,
      active,
    })),
  )
}

/** A name that does not open is none: a server may have damaged it, or put it at another device. */
async function nameOf(
  label: string | undefined,
  { deviceId, identity: { accountKey } }: { deviceId: DeviceId; identity: Identity },
): Promise<{ name?: string }> {
  if (label === undefined) return {}
  return await openLabel(label, { accountKey, deviceId }).then(
    name => ({ name }),
    () => ({}),
  )
}

/** See `Chat.nameDevice`. */
export async function nameDevice(
  { identity: { accountKey }, connection }: DevicesOptions,
  { deviceId, name }: { deviceId: DeviceId; name: string | null },
): Promise<void> {
  const isLong = name !== null && new TextEncoder().encode(name).length > limits.maxDeviceNameBytes
  if (isLong || name?.trim() === '' || (name !== null && /\p{Surrogate}|\p{Control}/u.test(name))) {
    throw new FastChatError(
      'usage',
      `Cannot name device: a name is one line of at most ${limits.maxDeviceNameBytes} bytes`,
    )
  }
  const label = name === null ? {} : { label: await sealLabel(name, { accountKey, deviceId }) }
  await connection.request((api, token) => api.labelDevice({ deviceId, token, ...label }))
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
