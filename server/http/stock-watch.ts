import type { DeviceId } from '../../schema/ids.ts'
import type { Limits } from '../config/limits.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { Store } from '../port/store.ts'

const DEVICES_AT_ONCE = 500

/**
 * Leaves word with each device whose stock of prekeys has become low; wherever it is connected, its server tells it. One
 * count at a time: many members of a group claim from the same devices at once, and one count answers for all of them.
 *
 * @returns what is called with the devices that something was claimed from
 */
export function createStockWatch({
  store,
  limits,
  log,
}: {
  store: Pick<Store, 'prekeys' | 'presence'>
  limits: Limits
  log: Log
}): (deviceIds: readonly DeviceId[]) => void {
  const waiting = new Set<DeviceId>()
  let isCounting = false

  async function count(): Promise<void> {
    while (waiting.size > 0) {
      const deviceIds = [...waiting].slice(0, DEVICES_AT_ONCE)
      for (const deviceId of deviceIds) waiting.delete(deviceId)
      const counts = await store.prekeys.counts(deviceIds)
      for (const deviceId of deviceIds) {
        const left = counts.get(deviceId) ?? 0
        if (left < limits.prekeyLowWater) await store.presence.setPrekeysLeft(deviceId, left)
      }
    }
  }

  return deviceIds => {
    for (const deviceId of deviceIds) waiting.add(deviceId)
    if (isCounting) return
    isCounting = true
    count()
      .catch(error => log.warn(errorFields(error), 'Cannot tell devices of their stock of prekeys'))
      .finally(() => {
        isCounting = false
      })
  }
}
