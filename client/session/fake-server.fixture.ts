import { v7 as uuidv7 } from 'uuid'
import { FastChatError } from '../../schema/errors.ts'
import type { ClientFrame, MessageFrame, SendFrame, ServerFrame } from '../../schema/frames.ts'
import type {
  ClaimPrekeysResponse,
  CreateAccountRequest,
  DeviceRegistration,
  UserDevicesResponse,
} from '../../schema/http.ts'
import { type DeviceId, deviceOfKid, type MessageId, type UserId } from '../../schema/ids.ts'
import type { Api } from '../net/api.ts'
import type { Clock } from '../net/clock.ts'
import type { Socket, SocketHandlers, Transport } from '../net/transport.ts'
import { audienceOf } from './audience.ts'
import { FakeBlobs } from './fake-blobs.fixture.ts'
import { FakeGroups } from './fake-groups.fixture.ts'

interface FakeDevice {
  deviceId: DeviceId
  userId: UserId
  certificate: string
  signedPrekey: string
  oneTime: string[]
  label?: string
  socket?: FakeSocket
}

interface FakeSocket {
  handlers: SocketHandlers
  watched: UserId[]
  isOpen: boolean
}

interface Kept {
  id: MessageId
  from: FakeDevice
  frame: SendFrame
  pending: Set<DeviceId>
}

/**
 * A server in memory at the transport port, honest unless a test scripts it otherwise: for orders of events that a real
 * one brings too rarely. It signs nothing and checks no signature: the client must not rely on that.
 *
 * Long because it is one thing: what it keeps, its routes and its socket share all of their state.
 */
export class FakeServer {
  readonly accounts = new Map<UserId, CreateAccountRequest & { deviceIds: DeviceId[] }>()
  readonly devices = new Map<DeviceId, FakeDevice>()
  /** Messages that somebody has not acked. */
  readonly undelivered = new Map<MessageId, Kept>()
  readonly stored = new Set<MessageId>()
  /** Every frame that clients sent, in order. */
  readonly received: { device: DeviceId; frame: ClientFrame }[] = []
  /** What a `send` is answered with; undefined: as it should be. `null`: with nothing, and it is not stored. */
  onSend: (frame: SendFrame, from: FakeDevice) => ServerFrame | null | undefined = () => undefined
  /** Whether `stored` is told. */
  tellsStored = true
  /** What of a message is brought to a device, in place of it. */
  onDeliver: (frame: MessageFrame, to: FakeDevice) => MessageFrame[] = frame => [frame]
  onUserDevices: (answer: UserDevicesResponse) => UserDevicesResponse = answer => answer
  onClaim: (answer: ClaimPrekeysResponse) => ClaimPrekeysResponse = answer => answer
  readonly revoked = new Set<DeviceId>()
  readonly blobs = new FakeBlobs()
  /** Rosters, honest unless a test scripts them otherwise. */
  readonly groups = new FakeGroups({
    tell: (users, frame) => this.#tell(users, frame),
  })
  /** The server's clock less the clients'. */
  skewMs = 0
  /** While false everything is stored for the true audience, whoever it was encrypted for. */
  isAudienceChecked = true
  /** While false nobody gets through. */
  isUp = true
  readonly #clock: Clock
  readonly #ids = new Map<string, string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  transport(): Transport {
    return {
      api: url => this.#api(url),
      openSocket: async request => this.#openSocket(request),
    }
  }

  /** Ends a device's socket. */
  drop(deviceId: DeviceId, code = 1006): void {
    const device = this.#device(deviceId)
    const { socket } = device
    if (!socket) return
    delete device.socket
    socket.isOpen = false
    socket.handlers.onClose({ code })
  }

  isOnline(deviceId: DeviceId): boolean {
    return this.#device(deviceId).socket !== undefined
  }

  push(deviceId: DeviceId, frame: ServerFrame): void {
    this.#device(deviceId).socket?.handlers.onFrame(frame)
  }

  sent(deviceId: DeviceId): SendFrame[] {
    return this.received.flatMap(({ device, frame }) =>
      device === deviceId && frame.t === 'send' ? [frame] : [],
    )
  }

  acked(deviceId: DeviceId): MessageId[] {
    return this.received.flatMap(({ device, frame }) =>
      device === deviceId && frame.t === 'ack' ? frame.ids : [],
    )
  }

  addDevice(userId: UserId, registration: DeviceRegistration): DeviceId {
    const claims = JSON.parse(
      Buffer.from(registration.certificate.split('.')[1] ?? '', 'base64url').toString(),
    ) as { dev: DeviceId }
    const { certificate, signedPrekey, oneTimePrekeys } = registration
    this.devices.set(claims.dev, {
      deviceId: claims.dev,
      userId,
      certificate,
      signedPrekey,
      oneTime: [...oneTimePrekeys],
    })
    this.tellDevices(userId)
    return claims.dev
  }

  /** Somebody's active devices. */
  devicesOf(userId: UserId): FakeDevice[] {
    return this.#allOf(userId).filter(device => this.#isActive(device))
  }

  #allOf(userId: UserId): FakeDevice[] {
    return [...this.devices.values()].filter(
      device => device.userId === userId && !this.revoked.has(device.deviceId),
    )
  }

  #isActive({ signedPrekey }: FakeDevice): boolean {
    const claims = JSON.parse(Buffer.from(signedPrekey.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number
    }
    return claims.exp > this.#clock.now() + this.skewMs
  }

  /** Tells those who watch somebody which devices they have. */
  tellDevices(userId: UserId): void {
    const audience = audienceOf(this.devicesOf(userId).map(({ deviceId }) => deviceId))
    for (const { socket } of this.devices.values()) {
      if (socket?.watched.includes(userId)) socket.handlers.onFrame({ t: 'devices', user: userId, audience })
    }
  }

  #api(url: string): Api {
    const up =
      <Args extends unknown[], T>(action: (...args: Args) => T) =>
      async (...args: Args): Promise<T> => {
        await Promise.resolve()
        if (!this.isUp) throw new FastChatError('unavailable', `Cannot use server ${url}: it is down`)
        return action(...args)
      }
    return {
      url,
      blobs: this.blobs.api({ ownerOf: token => this.#device(token).userId, isUp: () => this.isUp, url }),
      servers: up(() => ({ self: this.#serverId(url), now: this.#clock.now() + this.skewMs, servers: [] })),
      createAccount: up(request => {
        const before = this.accounts.get(request.userId)
        if (before && before.accountKey.x !== request.accountKey.x) {
          throw new FastChatError('user_exists', `Cannot sign up as "${request.userId}": the name is taken`)
        }
        const deviceId = this.addDevice(request.userId, request.device)
        this.accounts.set(request.userId, { ...request, deviceIds: [deviceId] })
        return { userId: request.userId, deviceId }
      }),
      challenge: up(({ userId }) => {
        const account = this.accounts.get(userId)
        if (!account) throw new FastChatError('login_refused', 'Cannot log in: no such account')
        return { kdf: account.kdf }
      }),
      logIn: up(({ userId, authKey }) => {
        const account = this.accounts.get(userId)
        if (account?.authKey !== authKey) throw new FastChatError('login_refused', 'Cannot log in: refused')
        return { kdf: account.kdf, accountKey: account.accountKey, vault: account.vault }
      }),
      recover: up(({ userId, authKey }) => {
        const account = this.accounts.get(userId)
        if (!account?.recovery || account.recovery.authKey !== authKey) {
          throw new FastChatError('login_refused', 'Cannot recover: refused')
        }
        return { accountKey: account.accountKey, vault: account.recovery.vault }
      }),
      changePassword: up(({ userId, proof, kdf, authKey, vault, recovery }) => {
        const account = this.accounts.get(userId)
        const kept = proof.by === 'password' ? account?.authKey : account?.recovery?.authKey
        if (!account || kept !== proof.authKey) {
          throw new FastChatError('login_refused', 'Cannot change password: refused')
        }
        const { recovery: before, ...rest } = account
        const left = recovery ?? (proof.by === 'password' ? before : undefined)
        this.accounts.set(userId, { ...rest, kdf, authKey, vault, ...(left ? { recovery: left } : {}) })
        return { userId }
      }),
      addDevice: up(registration => {
        const claims = JSON.parse(
          Buffer.from(registration.certificate.split('.')[1] ?? '', 'base64url').toString(),
        ) as { sub: UserId }
        return { deviceId: this.addDevice(claims.sub, registration) }
      }),
      token: up(({ assertion }) => {
        const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as {
          iss: DeviceId
          aud: string
        }
        if (this.revoked.has(claims.iss)) {
          throw new FastChatError('device_revoked', 'Cannot give token: the device was revoked')
        }
        if (claims.aud !== this.#serverId(url) || !this.devices.has(claims.iss)) {
          throw new FastChatError('unauthorized', 'Cannot give token: unknown device')
        }
        return { token: claims.iss, expiresInMs: 600_000 }
      }),
      userDevices: up(({ userId }) => {
        const account = this.accounts.get(userId)
        if (!account) throw new FastChatError('unknown_user', `Cannot find "${userId}": no such user`)
        const devices = this.devicesOf(userId).map(({ deviceId, certificate }) => ({ deviceId, certificate }))
        return this.onUserDevices({ userId, accountKey: account.accountKey, devices })
      }),
      ownDevices: up(({ token }) => ({
        devices: this.#allOf(this.#device(token).userId).map(device => ({
          deviceId: device.deviceId,
          certificate: device.certificate,
          active: this.#isActive(device),
          ...(device.label === undefined ? {} : { label: device.label }),
        })),
      })),
      revokeDevice: up(({ token, deviceId }) => {
        const { userId } = this.#device(token)
        if (this.revoked.has(token)) throw new FastChatError('device_revoked', 'Cannot answer: it is revoked')
        const device = this.devices.get(deviceId)
        if (device?.userId !== userId) throw new FastChatError('not_found', 'Cannot revoke: no such device')
        this.revoked.add(deviceId)
        this.drop(deviceId, 4403)
        this.tellDevices(userId)
        return { deviceId }
      }),
      manyDevices: up(({ users }) => ({
        users: users.flatMap(userId => {
          const account = this.accounts.get(userId)
          if (!account) return []
          const devices = this.devicesOf(userId).map(({ deviceId, certificate }) => ({
            deviceId,
            certificate,
          }))
          return [this.onUserDevices({ userId, accountKey: account.accountKey, devices })]
        }),
      })),
      labelDevice: up(({ deviceId, label }) => {
        const device = this.#device(deviceId)
        if (label === undefined) delete device.label
        else device.label = label
        return { deviceId }
      }),
      createGroup: up(({ event, token }) => this.groups.append(event, { by: this.#device(token).userId })),
      addRosterEvent: up(({ event, token }) => this.groups.append(event, { by: this.#device(token).userId })),
      rosterEvents: up(({ group, from, token }) =>
        this.groups.events(group, { from, userId: this.#device(token).userId }),
      ),
      uploadPrekeys: up(({ token, signedPrekey, oneTimePrekeys }) => {
        const device = this.#device(token)
        device.oneTime.push(...oneTimePrekeys)
        if (signedPrekey) device.signedPrekey = signedPrekey
        if (signedPrekey) this.tellDevices(device.userId)
        return { left: device.oneTime.length }
      }),
      claimPrekeys: up(({ devices }) =>
        this.onClaim({
          prekeys: devices.flatMap(deviceId => {
            const device = this.devices.get(deviceId)
            if (!device) return []
            const oneTimePrekey = device.oneTime.shift()
            const { signedPrekey } = device
            return [{ deviceId, signedPrekey, ...(oneTimePrekey ? { oneTimePrekey } : {}) }]
          }),
        }),
      ),
    }
  }

  #openSocket({ url, token, handlers }: Parameters<Transport['openSocket']>[0]): Socket {
    if (!this.isUp) throw new FastChatError('unavailable', `Cannot connect to ${url}: it is down`)
    const device = this.#device(token)
    if (device.socket) this.drop(device.deviceId, 4409)
    const socket: FakeSocket = { handlers, watched: [], isOpen: true }
    device.socket = socket
    queueMicrotask(() => {
      handlers.onFrame({
        t: 'welcome',
        server: this.#serverId(url),
        device: device.deviceId,
        now: this.#clock.now() + this.skewMs,
        prekeysLeft: device.oneTime.length,
      })
      handlers.onFrame({ t: 'groups', groups: this.groups.headsOf(device.userId) })
      const kept = [...this.undelivered.values()]
      for (const one of kept.sort((a, b) => (a.id < b.id ? -1 : 1))) this.#deliver(one, device)
      handlers.onFrame({ t: 'drained' })
    })
    return {
      send: frame => {
        // A frame is on its way for a moment, and what is sent to a closed socket is lost.
        const copy = JSON.parse(JSON.stringify(frame)) as ClientFrame
        queueMicrotask(() => {
          if (socket.isOpen) this.#handle(copy, device)
        })
      },
      close: () => this.drop(device.deviceId, 1000),
    }
  }

  #handle(frame: ClientFrame, device: FakeDevice): void {
    this.received.push({ device: device.deviceId, frame })
    if (frame.t === 'ack') {
      for (const id of frame.ids) {
        const kept = this.undelivered.get(id)
        kept?.pending.delete(device.deviceId)
        if (kept?.pending.size === 0) this.undelivered.delete(id)
      }
    } else if (frame.t === 'watch' && device.socket) {
      device.socket.watched = frame.users
      for (const user of frame.users) {
        const audience = audienceOf(this.devicesOf(user).map(({ deviceId }) => deviceId))
        device.socket.handlers.onFrame({ t: 'devices', user, audience })
      }
    } else if (frame.t === 'send') {
      this.#store(frame, device)
    }
  }

  #store(frame: SendFrame, from: FakeDevice): void {
    const scripted = this.onSend(frame, from)
    if (scripted !== undefined) {
      if (scripted) from.socket?.handlers.onFrame(scripted)
      return
    }
    if (!this.stored.has(frame.id)) {
      const members = 'user' in frame.to ? [frame.to.user] : this.groups.membersOf(frame.to.group)
      const isIn = 'user' in frame.to || members.includes(from.userId)
      const audience = [...members, from.userId]
        .flatMap(userId => this.devicesOf(userId))
        .map(({ deviceId }) => deviceId)
        .filter(deviceId => deviceId !== from.deviceId)
      const isAudience = audienceOf(audience) === frame.audience
      if (this.isAudienceChecked && !(isIn && isAudience)) {
        const code = isIn ? 'stale_audience' : 'not_a_member'
        const refusal = { id: frame.id, code, message: 'Cannot store: refused', retry: isIn }
        from.socket?.handlers.onFrame({ t: 'refused', ...refusal })
        return
      }
      this.stored.add(frame.id)
      const isNow = (deviceId: DeviceId) => frame.kind !== 'transient' || this.isOnline(deviceId)
      const kept = { id: frame.id, from, frame, pending: new Set(audience.filter(isNow)) }
      if (kept.pending.size > 0) this.undelivered.set(frame.id, kept)
      for (const deviceId of kept.pending) this.#deliver(kept, this.#device(deviceId))
    }
    if (this.tellsStored) from.socket?.handlers.onFrame({ t: 'stored', ids: [frame.id] })
  }

  #tell(users: readonly UserId[], frame: ServerFrame): void {
    for (const { userId, socket } of this.devices.values()) {
      if (users.includes(userId)) socket?.handlers.onFrame(frame)
    }
  }

  #deliver({ id, from, frame, pending }: Kept, to: FakeDevice): void {
    if (!pending.has(to.deviceId) || !to.socket) return
    const about = { t: 'message', id, from: from.userId, device: from.deviceId, to: frame.to } as const
    const storedAt = this.#clock.now()
    let message: MessageFrame
    if (frame.kind !== 'chain') {
      message = { ...about, kind: frame.kind, storedAt, body: frame.body }
    } else {
      const { recipients, ...sealed } = frame.body
      const entry = recipients.find(({ header }) => deviceOfKid(header.kid) === to.deviceId)
      if (!entry) return
      message = { ...about, kind: 'chain', storedAt, body: { ...sealed, ...entry } }
    }
    for (const brought of this.onDeliver(message, to)) to.socket.handlers.onFrame(brought)
  }

  #device(deviceId: DeviceId): FakeDevice {
    const device = this.devices.get(deviceId)
    if (!device) throw new FastChatError('unauthorized', 'Cannot find device: unknown')
    return device
  }

  #serverId(url: string): string {
    const id = this.#ids.get(url) ?? uuidv7()
    this.#ids.set(url, id)
    return id
  }
}
