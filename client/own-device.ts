import type { DeviceId } from '../schema/ids.ts'

/** A device of this account. */
export interface OwnDevice {
  deviceId: DeviceId
  /** As this account's owner named it. */
  name?: string
  /** When the account key certified it, ms since 1970. */
  since: number
  /** It is this one. */
  current: boolean
  /** False when it was away for so long that nothing is encrypted for it until it connects again. */
  active: boolean
}
