import type {
  DeviceDocument,
  GroupDocument,
  PresenceDocument,
  ServerDocument,
  UndeliveredDocument,
  UserDocument,
} from '../../schema/documents.ts'
import type { DeviceId, GroupId, MessageId, PrekeyKid, ServerId, UserId } from '../../schema/ids.ts'

/** A prekey as it is kept: the `kid` that names it, and the device's JWS. */
export interface StoredPrekey {
  _id: PrekeyKid
  deviceId: DeviceId
  prekey: string
}

export interface ClaimedPrekeys {
  deviceId: DeviceId
  signedPrekey: string
  oneTimePrekey?: string
}

/**
 * What the server keeps. Whatever a promise here says is done is on the disks of a majority.
 *
 * Every method throws FastChatError `unavailable` when the database cannot be reached in time.
 */
export interface Store {
  /** `exists` when the id is taken, whoever has it. */
  createUser(user: UserDocument): Promise<'created' | 'exists'>
  user(userId: UserId): Promise<UserDocument | null>

  /** `exists` when the device id is taken. */
  createDevice(device: DeviceDocument): Promise<'created' | 'exists'>
  device(deviceId: DeviceId): Promise<DeviceDocument | null>
  /** Those of these people that are not revoked. */
  devicesOf(userIds: readonly UserId[]): Promise<DeviceDocument[]>
  setSignedPrekey(deviceId: DeviceId, signedPrekey: string): Promise<void>
  /** Those that are there already are left as they are. */
  addPrekeys(prekeys: readonly StoredPrekey[]): Promise<void>
  countPrekeys(deviceId: DeviceId): Promise<number>
  /** Hands each one-time prekey out once. Devices that are unknown or revoked are left out. */
  claimPrekeys(deviceIds: readonly DeviceId[]): Promise<ClaimedPrekeys[]>

  group(groupId: GroupId): Promise<GroupDocument | null>

  /**
   * Stores messages, in their order as far as one sender's go.
   *
   * @returns for each: `stored`, also when the same sender had stored it before; `taken` when the id is another sender's
   */
  insertMessages(messages: readonly UndeliveredDocument[]): Promise<('stored' | 'taken')[]>
  messages(ids: readonly MessageId[]): Promise<UndeliveredDocument[]>
  /** The next messages that a device has not acked, by their ids. */
  pending(
    deviceId: DeviceId,
    options: { exclude: readonly MessageId[]; limit: number },
  ): Promise<UndeliveredDocument[]>
  setRoutes(routes: readonly { id: MessageId; route: ServerId[] }[]): Promise<void>
  /** Takes devices off messages, and deletes those that no device waits for. */
  ack(acks: readonly { deviceId: DeviceId; ids: readonly MessageId[] }[]): Promise<void>

  setPresence(presence: PresenceDocument): Promise<void>
  /** Removes it unless the device has connected elsewhere or anew meanwhile. */
  removePresence(presence: PresenceDocument): Promise<void>
  presenceOf(deviceIds: readonly DeviceId[]): Promise<PresenceDocument[]>
  /** Removes what dead servers left. */
  removePresenceOf(serverIds: readonly ServerId[]): Promise<void>

  /**
   * Renews a server's lease.
   *
   * @returns the database's time, ms since 1970
   */
  renewLease(server: Omit<ServerDocument, 'heartbeatAt'>): Promise<number>
  servers(): Promise<ServerDocument[]>
  server(serverId: ServerId): Promise<ServerDocument | null>
  removeServer(serverId: ServerId): Promise<void>

  /** The secret that all servers share to make up salts: made by whoever asks first. 32 bytes in base64url. */
  loginSecret(): Promise<string>
}
