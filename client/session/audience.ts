import { createHash } from 'node:crypto'
import { audienceText, type Base64Url32, type DeviceId } from '../../schema/ids.ts'

/** The name of a set of devices (PROTOCOL.md, "A message"). */
export function audienceOf(deviceIds: Iterable<DeviceId>): Base64Url32 {
  return createHash('sha256').update(audienceText(deviceIds)).digest('base64url')
}
