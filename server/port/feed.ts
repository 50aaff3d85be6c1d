import type { UndeliveredDocument } from '../../schema/documents.ts'
import type { DeviceId, MessageId, UserId } from '../../schema/ids.ts'

/** What the database tells a server as it happens. A hint only: the collections are the truth. */
export interface FeedEvents {
  /** A message was stored whose route holds this server. */
  onMessage(message: UndeliveredDocument): void
  /** The route of a message that was stored before leads here now. */
  onRouted(id: MessageId): void
  /** Somebody has a device more. */
  onDeviceAdded(device: { userId: UserId; deviceId: DeviceId }): void
  /** A device was changed: it may be revoked. */
  onDeviceChanged(deviceId: DeviceId): void
  /** This server's own lease came back through the stream: it is alive. */
  onHeartbeat(): void
  /** Events were missed: whatever is connected must be drained again, what is cached be forgotten. */
  onLost(): void
}

export interface Feed {
  /** Resolves once nothing that happens from now on is missed. */
  start(events: FeedEvents): Promise<void>
  stop(): Promise<void>
}
