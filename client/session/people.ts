import { FastChatError } from '../../schema/errors.ts'
import type { UserDevicesResponse } from '../../schema/http.ts'
import type { Base64Url32, DeviceId, UserId } from '../../schema/ids.ts'
import type { Ed25519Jwk } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import type { Notice } from '../chat.ts'
import type { Connection } from '../net/connection.ts'
import { audienceOf } from './audience.ts'
import type { Cipher } from './cipher.ts'
import { Mutex } from './mutex.ts'
import type { Identity, KnownDevice, Person } from './records.ts'
import type { State, Tx } from './state.ts'
import { appendNotice, changeConversation, threadWith } from './timeline.ts'

export interface PeopleOptions {
  identity: Identity
  state: State
  cipher: Cipher
  connection: Pick<Connection, 'request'>
  /** Somebody is known now who was not. */
  onMet: (userId: UserId) => void
  /** Somebody's devices, or one's own, are others than before. */
  onDevicesChanged: (userId: UserId) => void
}

const MAX_TOLD_DEVICES = 64

/** Whom this account knows: the pinned account keys, and the devices that those keys vouch for. */
export class People {
  readonly #options: PeopleOptions
  readonly #mutexes = new Map<UserId, Mutex>()

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  get(userId: UserId): Person | undefined {
    return this.#options.state.tables.people.get([userId])
  }

  all(): Person[] {
    return Array.from(this.#options.state.tables.people.range(), ({ value }) => value)
  }

  /**
   * Somebody by their id; asked for and pinned when they are new.
   *
   * @throws FastChatError `unknown_user`; `no_server` and what the server says
   */
  async ensure(userId: UserId): Promise<Person> {
    return this.get(userId) ?? (await this.refresh(userId))
  }

  /**
   * Asks the server for somebody's devices and checks every certificate against the pinned account key.
   *
   * @throws FastChatError `unknown_user`; `account_key_changed`; `bad_certificate` when the server names a device that the
   *   account key does not vouch for; `no_server` and what the server says
   */
  refresh(userId: UserId): Promise<Person> {
    return this.#mutexOf(userId).run(() => this.#refresh(userId))
  }

  /**
   * Pins an account key at first contact.
   *
   * @returns who it is; undefined when another key is pinned, of which a notice tells then
   */
  meet(userId: UserId, key: { thumbprint: Base64Url32; jwk?: Ed25519Jwk }): Person | undefined {
    const known = this.get(userId)
    // Nothing is written for whom one knows.
    if (known?.thumbprint === key.thumbprint) return known
    return this.#options.state.commit(tx => this.#meet(tx, userId, key))
  }

  #meet(tx: Tx, userId: UserId, key: { thumbprint: Base64Url32; jwk?: Ed25519Jwk }): Person | undefined {
    const { cipher, onMet } = this.#options
    const known = tx.tables.people.get([userId])
    if (known?.thumbprint === key.thumbprint) return known
    if (known) {
      noteOtherKey(tx, { known, changedTo: key.thumbprint })
      return undefined
    }
    const conversation = cipher.conversationWith(key.thumbprint)
    const person: Person = { userId, thumbprint: key.thumbprint, conversation }
    if (key.jwk) person.accountKey = key.jwk
    if (tx.tables.blocked.get([userId])) person.isBlocked = true
    tx.tables.people.put([userId], person)
    tx.after(() => onMet(userId))
    return person
  }

  /**
   * Asks for the devices of many, a hundred at a time; each is checked as in `refresh`.
   *
   * @throws FastChatError `unknown_user` when the server leaves somebody out; as `refresh`
   */
  async refreshMany(userIds: readonly UserId[]): Promise<void> {
    const { connection } = this.#options
    for (let from = 0; from < userIds.length; from += limits.maxUsersPerQuestion) {
      const asked = userIds.slice(from, from + limits.maxUsersPerQuestion)
      const answer = await connection.request((api, token) => api.manyDevices({ users: asked, token }))
      const byUser = new Map(answer.users.map(found => [found.userId, found]))
      const answers = asked.map(userId => {
        const found = byUser.get(userId)
        if (found) return found
        throw unknownUser(userId)
      })
      await this.#learn(answers)
    }
  }

  /**
   * The devices that a message to these people is encrypted for: theirs and one's own, without this one; undefined until
   * all of them were asked for.
   */
  devicesFor(userIds: readonly UserId[]): KnownDevice[] | undefined {
    const { identity } = this.#options
    const byId = new Map<DeviceId, KnownDevice>()
    for (const userId of [identity.userId, ...userIds]) {
      const devices = this.get(userId)?.devices
      if (!devices) return undefined
      for (const device of devices) byId.set(device.deviceId, device)
    }
    byId.delete(identity.deviceId)
    return [...byId.values()]
  }

  /** What a server says of somebody's devices: asks for them when it is news. */
  async check(userId: UserId, audience: Base64Url32): Promise<void> {
    const person = this.get(userId)
    // Whoever was never written to is asked for when they are.
    if (!person || (!person.devices && userId !== this.#options.identity.userId)) return
    if (idsOf(person.devices) !== audience) await this.refresh(userId)
  }

  #mutexOf(userId: UserId): Mutex {
    const mutex = this.#mutexes.get(userId) ?? new Mutex()
    this.#mutexes.set(userId, mutex)
    return mutex
  }

  async #refresh(userId: UserId): Promise<Person> {
    const [person] = await this.#learn([await this.#ask(userId, this.#options.connection)])
    if (!person) throw unknownUser(userId)
    return person
  }

  /**
   * Checks what a server says of people, and keeps it: one transaction, however many they are.
   *
   * @throws FastChatError `account_key_changed` when one has another key than the pinned one: a notice tells of it, and
   *   what is said of the others is kept; `bad_certificate`
   */
  async #learn(answers: readonly UserDevicesResponse[]): Promise<Person[]> {
    const { cipher, state } = this.#options
    const checked = await Promise.all(
      answers.map(async answer => ({
        answer,
        thumbprint: await cipher.thumbprintOf(answer.accountKey),
        devices: await this.#verify(answer, this.get(answer.userId)?.devices ?? []),
      })),
    )
    const learned = state.commit(tx => checked.map(one => this.#keep(tx, one)))
    const changed = answers.find((_, index) => learned[index] === undefined)
    if (changed) throw keyChanged(changed.userId)
    return learned.filter(person => person !== undefined)
  }

  #keep(
    tx: Tx,
    {
      answer: { userId, accountKey },
      thumbprint,
      devices,
    }: { answer: UserDevicesResponse; thumbprint: Base64Url32; devices: KnownDevice[] },
  ): Person | undefined {
    const before = this.#meet(tx, userId, { thumbprint, jwk: accountKey })
    if (!before) return undefined
    const { changedTo: _, ...rest } = before
    const gone = added(devices, before.devices ?? [])
    const after: Person = { ...withTold(rest, gone), accountKey, devices }
    tx.tables.people.put([userId], after)
    changeConversation(tx, { conversation: after.conversation, isKeyChanged: undefined })
    for (const deviceId of before.devices ? added(before.devices, devices) : []) {
      if (before.toldDevices?.includes(deviceId)) continue
      noticeOf(tx, { notice: { type: 'device-added', user: userId, deviceId }, person: after })
    }
    if (idsOf(before.devices) !== idsOf(devices)) tx.after(() => this.#options.onDevicesChanged(userId))
    return after
  }

  async #ask(userId: UserId, connection: Pick<Connection, 'request'>): Promise<UserDevicesResponse> {
    try {
      const answer = await connection.request((api, token) => api.userDevices({ userId, token }))
      if (answer.userId !== userId) throw unknownUser(userId)
      return answer
    } catch (error) {
      if (error instanceof FastChatError && error.code === 'not_found') throw unknownUser(userId)
      throw error
    }
  }

  async #verify({ userId, accountKey, devices }: UserDevicesResponse, known: KnownDevice[]) {
    const verified: KnownDevice[] = []
    for (const { deviceId, certificate } of devices) {
      const same = known.find(device => device.deviceId === deviceId && device.certificate === certificate)
      verified.push(
        same ?? {
          deviceId,
          certificate,
          key: await this.#options.cipher.verifyDevice({ userId, deviceId, certificate, accountKey }),
        },
      )
    }
    return verified
  }
}

function unknownUser(userId: UserId): FastChatError {
  return new FastChatError('unknown_user', `Cannot find "${userId}": there is no such user`)
}

/** What stops sending to somebody whose account key is not the pinned one. */
export function keyChanged(userId: UserId): FastChatError {
  return new FastChatError(
    'account_key_changed',
    `Cannot send to "${userId}": their account key is another one than before`,
  )
}

/** Told once for each other key: a server that repeats itself fills no conversation. */
function noteOtherKey(tx: Tx, { known, changedTo }: { known: Person; changedTo: Base64Url32 }): void {
  if (known.changedTo === changedTo) return
  tx.tables.people.put([known.userId], { ...known, changedTo })
  noticeOf(tx, { notice: { type: 'account-key-changed', user: known.userId }, person: known })
  changeConversation(tx, { conversation: known.conversation, isKeyChanged: true })
}

/**
 * A device has written with a good certificate: when no server has named it so far, it is told of all the same. Else a
 * server could keep a new device from being noticed by leaving it out.
 */
export function noteDevice(tx: Tx, { userId, deviceId }: { userId: UserId; deviceId: DeviceId }): void {
  const person = tx.tables.people.get([userId])
  const isNamed = person?.devices?.some(device => device.deviceId === deviceId) ?? true
  if (!person || isNamed || person.toldDevices?.includes(deviceId)) return
  tx.tables.people.put([userId], withTold(person, [deviceId]))
  noticeOf(tx, { notice: { type: 'device-added', user: userId, deviceId }, person })
}

/**
 * A notice about somebody. Whom one only shares groups with has no conversation that it could stand in; what is told of
 * oneself always has one.
 */
function noticeOf(tx: Tx, { notice, person }: { notice: Notice; person: Person }): void {
  const isOwn = tx.tables.identity.get([])?.userId === person.userId
  if (!isOwn && !tx.tables.conversations.get([person.conversation])) return
  appendNotice(tx, { notice, thread: threadWith(person) })
}

function withTold(person: Person, deviceIds: readonly DeviceId[]): Person {
  if (deviceIds.length === 0) return person
  const told = new Set([...(person.toldDevices ?? []), ...deviceIds])
  return { ...person, toldDevices: [...told].slice(-MAX_TOLD_DEVICES) }
}

function added(before: readonly KnownDevice[], after: readonly KnownDevice[]): DeviceId[] {
  const known = new Set(before.map(({ deviceId }) => deviceId))
  return after.map(({ deviceId }) => deviceId).filter(deviceId => !known.has(deviceId))
}

function idsOf(devices: readonly KnownDevice[] | undefined): string | undefined {
  return devices && audienceOf(devices.map(({ deviceId }) => deviceId))
}
