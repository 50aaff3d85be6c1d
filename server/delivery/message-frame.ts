import type { MessageFrame } from '../../schema/frames.ts'
import { type DeviceId, deviceOfKid, type Recipient } from '../../schema/ids.ts'
import type { Waiting } from '../port/store.ts'

/**
 * A stored message as one device gets it: of a chain only its own recipient entry.
 *
 * @returns undefined when a chain has no entry for the device
 */
export function messageFrame(message: Waiting, deviceId: DeviceId): MessageFrame | undefined {
  const head = {
    t: 'message' as const,
    id: message._id,
    from: message.senderId,
    device: message.senderDevice,
    to: recipientOf(message),
    storedAt: message.createdAt.getTime(),
  }
  if (typeof message.body === 'string') {
    return { ...head, kind: message.kind === 'transient' ? 'transient' : 'message', body: message.body }
  }
  const { recipients, ...sealed } = message.body
  const own = recipients.find(({ header }) => deviceOfKid(header.kid) === deviceId)
  return own && { ...head, kind: 'chain', body: { ...sealed, ...own } }
}

function recipientOf({ receiverId, groupId }: Waiting): Recipient {
  return groupId === undefined ? { user: receiverId ?? '' } : { group: groupId }
}
