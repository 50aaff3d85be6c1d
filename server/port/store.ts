import type {
  DeviceDocument,
  PrekeyDocument,
  PresenceDocument,
  ServerDocument,
  UndeliveredDocument,
  UserDocument,
} from '../../schema/documents.ts'
import type { Base64Url32, DeviceId, MessageId, ServerId, UserId } from '../../schema/ids.ts'
import type { Ed25519Jwk } from '../../schema/jose.ts'
import type { BlobStore } from './blob-store.ts'
import type { GroupStore } from './group-store.ts'

/**
 * The database as the server needs it. What a method resolves after is on the disks of the majority, unless it says
 * otherwise. Every method throws FastChatError `unavailable` when the database cannot be asked now (retry), `disk_full`
 * when it has no room, `internal` for what should not be.
 */
export interface Store {
  accounts: AccountStore
  prekeys: PrekeyStore
  messages: MessageStore
  groups: GroupStore
  blobs: BlobStore
  presence: PresenceStore
  servers: ServerStore
}

export interface AccountStore {
  /** The secret that all servers share, made at the first call ever. */
  loginSecret(candidate: Base64Url32): Promise<Base64Url32>
  /** False when the id is taken. */
  createUser(user: UserDocument): Promise<boolean>
  findUser(userId: UserId): Promise<UserDocument | null>
  /**
   * Replaces the password, if what proves it is still kept as `authHash`; false when it is not. `recovery` replaces the
   * recovery code; without it a code that was the proof is taken away, and another one stays.
   */
  changePassword(userId: UserId, change: PasswordChange): Promise<boolean>
  /** The account keys of those of these people who exist. */
  accountKeys(userIds: readonly UserId[]): Promise<Map<UserId, Ed25519Jwk>>
  /** False when the device's id is taken. */
  createDevice(device: DeviceDocument): Promise<boolean>
  findDevice(deviceId: DeviceId): Promise<DeviceDocument | null>
  findDevices(deviceIds: readonly DeviceId[]): Promise<DeviceDocument[]>
  /** Devices of these people that messages can be encrypted for: not revoked, their signed prekeys good after `at`. */
  activeDevices(userIds: readonly UserId[], options: { at: Date }): Promise<DeviceDocument[]>
  /** The same, as much of them as is needed to know an audience. */
  activeDeviceIds(
    userIds: readonly UserId[],
    options: { at: Date },
  ): Promise<Pick<DeviceDocument, '_id' | 'userId' | 'prekeyExpiresAt'>[]>
  /** Devices of a person, without the revoked ones. */
  devicesOf(userId: UserId): Promise<DeviceDocument[]>
  setSignedPrekey(
    deviceId: DeviceId,
    prekey: Pick<DeviceDocument, 'signedPrekey' | 'prekeyExpiresAt'>,
  ): Promise<void>
  /** Names a device, or takes its name away. False when it is no device of that person that is not revoked. */
  setLabel(deviceId: DeviceId, label: Pick<DeviceDocument, 'label'> & { userId: UserId }): Promise<boolean>
  /** False when it is no active device of that person. */
  revokeDevice(deviceId: DeviceId, by: { userId: UserId; at: Date }): Promise<boolean>
}

export interface PasswordChange {
  by: 'password' | 'recovery'
  authHash: Base64Url32
  password: Required<Pick<UserDocument, 'authSalt' | 'authHash' | 'kdf' | 'vault' | 'passwordChangedAt'>>
  recovery?: NonNullable<UserDocument['recovery']>
}

export interface PrekeyStore {
  /** Adds those that were never there. */
  add(prekeys: readonly PrekeyDocument[]): Promise<void>
  /** Takes one prekey, which nobody else will get, not even when it is added again; null when none is left. */
  claim(deviceId: DeviceId): Promise<string | null>
  /** Removes all of a device. */
  removeDevice(deviceId: DeviceId): Promise<void>
  /** How many are left, `except` not counted. */
  count(deviceId: DeviceId, options?: { except?: readonly string[] }): Promise<number>
  /** How many are left for each of many; a device without any is not in the map. */
  counts(deviceIds: readonly DeviceId[]): Promise<Map<DeviceId, number>>
}

/** A message as one device needs it: of a chain its own recipient entry is enough. */
export type Waiting = Omit<UndeliveredDocument, 'pending' | 'route'>

export type InsertResult = 'stored' | 'taken'

export interface MessageStore {
  /**
   * Stores messages, one result each in the same order: `stored` also when the same sender has stored that id before,
   * `taken` when it is another sender's.
   */
  insert(messages: readonly UndeliveredDocument[]): Promise<InsertResult[]>
  /** Replaces the routes of messages that are still there. Not waited for by any acknowledgement. */
  setRoutes(routes: readonly { id: MessageId; route: readonly ServerId[] }[]): Promise<void>
  find(ids: readonly MessageId[]): Promise<UndeliveredDocument[]>
  /**
   * What waits for a device, in the order of ids, without those excluded, and without those for a moment that has passed.
   * Of a chain it holds only the device's recipient entry: there may be as many as 2,000.
   */
  pendingFor(
    deviceId: DeviceId,
    options: { exclude: readonly MessageId[]; limit: number; at: Date },
  ): Promise<Waiting[]>
  /** Which of these devices have anything waiting. */
  devicesWithPending(deviceIds: readonly DeviceId[], options: { at: Date }): Promise<DeviceId[]>
  /** Takes each device out of its messages, and deletes those that nobody waits for any more. */
  ack(acks: readonly { deviceId: DeviceId; ids: readonly MessageId[] }[]): Promise<void>
  /** Takes a device out of all messages that wait for it, and deletes those that nobody waits for any more. */
  removeDevice(deviceId: DeviceId): Promise<void>
  /**
   * Deletes what nobody waits for (a server that was killed between the two steps of an ack leaves it behind), and what was
   * for a moment that has passed.
   */
  removeSettled(options: { at: Date }): Promise<void>
  /** About how many there are, at no cost. */
  estimate(): Promise<number>
}

/** A device that shows somebody that it is connected. */
export type Showing = Pick<PresenceDocument, '_id' | 'userId' | 'serverId'>

export interface PresenceStore {
  set(presence: PresenceDocument): Promise<void>
  /** Replaces it only if it is still that of the same connection. Not waited for by any acknowledgement. */
  share(presence: PresenceDocument): Promise<void>
  /** Without `shares`. */
  find(deviceIds: readonly DeviceId[]): Promise<PresenceDocument[]>
  /** The connected devices of these people that show it to that one. */
  sharing(users: readonly UserId[], to: { userId: UserId }): Promise<Showing[]>
  /** Removes it only if it is still that of the same connection. */
  remove(presence: PresenceDocument): Promise<void>
  removeServer(serverId: ServerId): Promise<void>
  /** Removes it wherever the device is connected. */
  removeDevice(deviceId: DeviceId): Promise<void>
  /** Leaves word for the server to which a device is connected, if it is. */
  setPrekeysLeft(deviceId: DeviceId, left: number): Promise<void>
}

export interface ServerStore {
  /**
   * Renews this server's lease and gives the database's time. `isNew`: it was not there, so others may have taken this
   * server for dead and removed what it had.
   */
  renew(server: Omit<ServerDocument, 'heartbeatAt'>): Promise<{ heartbeatAt: Date; isNew: boolean }>
  find(serverId: ServerId): Promise<ServerDocument | null>
  all(): Promise<ServerDocument[]>
  /** Removes servers and the presence they left behind. */
  remove(serverIds: readonly ServerId[]): Promise<void>
}
