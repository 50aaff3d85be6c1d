import type { PresenceDocument, UndeliveredDocument } from '../../schema/documents.ts'
import type { Base64Url32, DeviceId, GroupId, MessageId, UserId } from '../../schema/ids.ts'

/** A group has another roster. `subjects` are those whom the event is about. */
export interface RosterChange {
  group: GroupId
  epoch: number
  hash: Base64Url32
  subjects: readonly UserId[]
  by: UserId
}

/** What the database tells a server by itself. All of it is a hint: the collections are the truth. */
export interface FeedHandlers {
  /** A message was stored whose route holds this server. */
  onMessage(message: UndeliveredDocument): void
  /** This server was added to a message's route. */
  onRoute(id: MessageId): void
  /** A device came, changed or went; whose it is, when the database says so. */
  onDevice(change: { deviceId: DeviceId; userId?: UserId }): void
  /** A device's stock of one-time prekeys has become low. */
  onPrekeys(change: { deviceId: DeviceId; left: number }): void
  /** A device shows itself to others than before, or is gone: then nothing but its id is known. */
  onPresence(change: { deviceId: DeviceId; now?: PresenceDocument }): void
  onRosterEvent(change: RosterChange): void
  /** This server's own lease was renewed at this time of the database's: how far the feed lags. */
  onHeartbeat(heartbeatAt: Date): void
  /** Events may have been missed: read everything again. */
  onReset(): void
}

export interface Feed {
  /** Begins, and goes on for ever: whatever ends it, it is opened again. Resolves when it is open for the first time. */
  open(handlers: FeedHandlers): Promise<void>
  close(): Promise<void>
}
