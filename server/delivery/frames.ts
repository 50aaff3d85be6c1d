import * as v from 'valibot'
import { type ErrorCode, errorTable, FastChatError } from '../../schema/errors.ts'
import { type ClientFrame, clientFrames, type SendFrame } from '../../schema/frames.ts'
import type { Base64Url32, DeviceId, GroupId, MessageId, UserId } from '../../schema/ids.ts'
import { parse, parseJson } from '../../schema/parse.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { Limits } from '../config/limits.ts'
import { audienceDevices, coversAudience } from '../core/audience.ts'
import type { Groups } from '../groups/groups.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { Metrics } from '../port/metrics.ts'
import type { Connection } from './connection.ts'
import { audienceOf } from './device-sets.ts'
import type { Hub } from './hub.ts'
import type { StoreResult } from './outgoing.ts'

export interface FramesOptions {
  hub: Hub
  groups: Groups
  tokens: Tokens
  clock: Clock
  /** The database's time, ms. */
  now: () => number
  log: Log
  limits: Limits
  metrics: Metrics
}

/** A frame as far as it must be known to tell which one it is. */
const AnyFrame = v.looseObject({ t: v.string() })
/** As much of a `send` frame as is needed to refuse it. */
const SendId = v.object({ id: clientFrames.send.options[0].entries.id })

/** What a client's frames do. */
export class Frames {
  readonly #options: FramesOptions

  constructor(options: FramesOptions) {
    this.#options = options
  }

  /**
   * Handles one frame of a connection that has been welcomed. Calls of one connection follow one another: the order in
   * which messages were sent is kept. Never rejects.
   */
  async handle(connection: Connection, text: string): Promise<void> {
    const { clock, log, limits } = this.#options
    if (connection.isClosed) return
    if (!connection.frameBudget.take('', { nowMs: clock.now() })) {
      log.warn({ limit: limits.maxFramesPerSecond }, 'a socket sent too many frames')
      return connection.close('tooManyFrames')
    }
    try {
      const frame = this.#read(connection, text)
      if (frame) await this.#act(connection, frame)
    } catch (error) {
      const known = error instanceof FastChatError ? error : undefined
      if (!known) log.error(errorFields(error), 'a frame could not be handled')
      const { code, message } = known ?? {
        code: 'internal',
        message: 'Cannot handle frame: unexpected failure',
      }
      connection.send({ t: 'error', code, message: message.slice(0, 512) })
      // What is no frame at all is no client of this protocol.
      if (code === 'bad_frame') connection.close('badFrame')
    }
  }

  /** The frame; undefined for one of a newer client, and for a `send` that was refused for what it holds. */
  #read(connection: Connection, text: string): ClientFrame | undefined {
    const value = parseJson(AnyFrame, text, { what: 'frame', code: 'bad_frame' })
    if (!Object.hasOwn(clientFrames, value.t)) return undefined
    const name = value.t as keyof typeof clientFrames
    try {
      return parse(clientFrames[name] as v.GenericSchema<unknown, ClientFrame>, value, {
        what: `frame "${name}"`,
        code: 'bad_frame',
      })
    } catch (error) {
      const named = v.safeParse(SendId, value)
      if (name !== 'send' || !named.success || !(error instanceof FastChatError)) throw error
      this.#refuse(connection, named.output.id, error)
      return undefined
    }
  }

  async #act(connection: Connection, frame: ClientFrame): Promise<void> {
    switch (frame.t) {
      case 'send':
        return await this.#send(connection, frame)
      case 'ack':
        return connection.ack(frame.ids)
      case 'watch':
        return await this.#watch(connection, frame.users)
      case 'share':
        return await this.#share(connection, frame.users)
      case 'auth':
        return await this.#auth(connection, frame.token)
      default:
        return frame satisfies never
    }
  }

  async #auth(connection: Connection, token: string): Promise<void> {
    try {
      const caller = await this.#options.tokens.check(token)
      if (caller.deviceId !== connection.caller.deviceId || caller.userId !== connection.caller.userId) {
        return connection.close('tokenExpired')
      }
      connection.expireAt(caller.expiresAt)
    } catch (error) {
      if (error instanceof FastChatError && error.code === 'unauthorized')
        return connection.close('tokenExpired')
      throw error
    }
  }

  async #watch(connection: Connection, users: readonly UserId[]): Promise<void> {
    const { hub } = this.#options
    // First listen, then read: nothing falls between.
    hub.watch(connection, users)
    const distinct = [...new Set(users)]
    if (distinct.length === 0) return
    for (const [user, devices] of await hub.devices.read(distinct)) {
      if (devices.length > 0) connection.send({ t: 'devices', user, audience: audienceOf(devices) })
    }
  }

  async #share(connection: Connection, users: readonly UserId[]): Promise<void> {
    const { hub, clock, limits } = this.#options
    if (!connection.shareBudget.take('', { nowMs: clock.now() })) {
      throw new FastChatError(
        'rate_limited',
        `Cannot share presence: ${limits.maxSharesPerMinute} changes a minute are too many`,
      )
    }
    await hub.presence.share(connection, users)
  }

  async #send(connection: Connection, frame: SendFrame): Promise<void> {
    const { hub, limits, clock } = this.#options
    const { id } = frame
    const { sendOrder } = connection
    // What is only for the moment waits for nothing, and nothing waits for it.
    const place =
      frame.kind === 'transient'
        ? undefined
        : sendOrder.enter(id, {
            to: 'user' in frame.to ? `user:${frame.to.user}` : `group:${frame.to.group}`,
          })
    const mayStore = () => place === undefined || sendOrder.mayStore(place, { nowMs: clock.now() })
    const refuse = (error: unknown) => {
      if (place && comesAgain(error)) sendOrder.refused(id, place, { nowMs: clock.now() })
      this.#refuse(connection, id, error)
    }
    try {
      if (connection.unanswered >= limits.sendWindow) {
        throw new FastChatError('rate_limited', `Cannot store message: ${limits.sendWindow} are unanswered`)
      }
      if (!mayStore()) throw held()
      const pending = await this.#audience(connection, frame)
      if (frame.kind === 'chain' && !coversAudience(frame.body, pending)) {
        throw new FastChatError('bad_frame', 'Cannot store chain: its recipients are not its audience')
      }
      // A note to oneself with a single device, or a group of nobody else: nobody waits for it.
      if (pending.length === 0) return connection.answerStored(id)
      const storedAt = Math.round(this.#options.now())
      connection.unanswered += 1
      const message = {
        _id: id,
        senderId: connection.caller.userId,
        senderDevice: connection.caller.deviceId,
        ...('user' in frame.to ? { receiverId: frame.to.user } : { groupId: frame.to.group }),
        kind: frame.kind,
        body: frame.body,
        pending,
        createdAt: new Date(storedAt),
        expiresAt: new Date(
          storedAt + (frame.kind === 'transient' ? limits.transientTtlMs : limits.undeliveredTtlMs),
        ),
      }
      hub.outgoing
        .store(message, mayStore)
        .then(result => answer(connection, { id, result }))
        .catch(refuse)
        .finally(() => {
          connection.unanswered -= 1
        })
    } catch (error) {
      refuse(error)
    }
  }

  /**
   * The devices that have to get a message.
   *
   * @throws FastChatError `unknown_user`, `not_a_member`, `no_devices`, `stale_audience`
   */
  async #audience(connection: Connection, { to, audience }: SendFrame): Promise<DeviceId[]> {
    const { hub } = this.#options
    if ('group' in to) return await this.#groupAudience(connection, { group: to.group, audience })
    const { userId, deviceId } = connection.caller
    const people = [...new Set([to.user, userId])]
    const remembered = hub.devices.remembered(people)
    if (remembered) {
      const pending = audienceDevices(deviceId, { recipient: remembered, own: [] })
      if (audienceOf(pending) === audience) return pending
    }
    // Not known, or perhaps no longer so: the database decides.
    const read = await hub.devices.read(people)
    const recipient = read.get(to.user) ?? []
    if (recipient.length === 0 && !(await hub.isUser(to.user))) {
      throw new FastChatError('unknown_user', `Cannot send to ${to.user}: there is no such user`)
    }
    // What nobody is there to get would be lost, though its sender took it for stored.
    if (recipient.length === 0 && to.user !== userId) {
      throw new FastChatError(
        'no_devices',
        `Cannot send to ${to.user}: none of their devices can be written to until it connects again`,
      )
    }
    const pending = audienceDevices(deviceId, { recipient, own: read.get(userId) ?? [] })
    if (audienceOf(pending) === audience) return pending
    throw new FastChatError('stale_audience', `Cannot send to ${to.user}: the devices have changed`)
  }

  async #groupAudience(
    { caller: { userId, deviceId } }: Connection,
    { group: groupId, audience }: { group: GroupId; audience: Base64Url32 },
  ): Promise<DeviceId[]> {
    const { hub, groups } = this.#options
    const members = await groups.members(groupId)
    if (!members.includes(userId)) {
      throw new FastChatError('not_a_member', `Cannot send to group ${groupId}: you are not a member of it`)
    }
    const remembered = await hub.devices.get(members)
    const pending = audienceDevices(deviceId, { recipient: remembered, own: [] })
    if (audienceOf(pending) === audience) return pending
    // What is remembered may be no longer so: the database decides.
    const read = [...(await hub.devices.read(members)).values()].flat()
    const renewed = audienceDevices(deviceId, { recipient: read, own: [] })
    if (audienceOf(renewed) === audience) return renewed
    throw new FastChatError(
      'stale_audience',
      `Cannot send to group ${groupId}: members or devices have changed`,
    )
  }

  #refuse(connection: Connection, id: MessageId, error: unknown): void {
    const known = error instanceof FastChatError ? error : undefined
    if (!known || known.code === 'internal') {
      this.#options.log.error(errorFields(known?.cause ?? error), 'a message could not be stored')
    }
    const code: ErrorCode = known?.code ?? 'internal'
    const message = (known?.message ?? 'Cannot store message: unexpected failure').slice(0, 512)
    this.#options.metrics.refused(code)
    connection.send({ t: 'refused', id, code, message, retry: errorTable[code].retry })
  }
}

function answer(connection: Connection, { id, result }: { id: MessageId; result: StoreResult }): void {
  if (result === 'taken') throw new FastChatError('id_taken', 'Cannot store message: its id is taken')
  if (result === 'held') throw held()
  connection.answerStored(id)
}

function held(): FastChatError {
  return new FastChatError('unavailable', 'Cannot store message: one that was sent before it was refused')
}

/** Whether the client sends the very same message again. For other devices it makes another one. */
function comesAgain(error: unknown): boolean {
  const code = error instanceof FastChatError ? error.code : 'internal'
  return code !== 'stale_audience' && errorTable[code].retry
}
