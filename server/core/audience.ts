import { type DeviceId, deviceOfKid } from '../../schema/ids.ts'
import type { GeneralJwe } from '../../schema/jose.ts'

/** The devices that a message is for: those of the recipient and the sender's others. */
export function audienceDevices(
  sendingDevice: DeviceId,
  { recipient, own }: { recipient: readonly DeviceId[]; own: readonly DeviceId[] },
): DeviceId[] {
  return [...new Set([...recipient, ...own])].filter(device => device !== sendingDevice).sort()
}

/**
 * Whether a chain has exactly one entry for every device of its audience: an entry more would be dropped unseen, one
 * less would leave a device without the chain for good.
 */
export function coversAudience(body: GeneralJwe, audience: readonly DeviceId[]): boolean {
  const named = body.recipients.map(({ header }) => deviceOfKid(header.kid))
  const distinct = new Set(named)
  return (
    named.length === distinct.size &&
    distinct.size === audience.length &&
    audience.every(device => distinct.has(device))
  )
}
