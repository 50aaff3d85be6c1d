import { WebSocket } from 'ws'
import type { ClientFrame, ServerFrame } from '../../schema/frames.ts'
import type { MessageId } from '../../schema/ids.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import {
  assertion,
  makeDevice,
  makePerson,
  signUpRequest,
  type TestDevice,
  type TestPerson,
} from './person.ts'

export interface Answer {
  status: number
  body: unknown
}

/** Asks a server over HTTP. */
export async function ask(
  server: { url: string },
  { path, body, token, method }: { path: string; body?: unknown; token?: string; method?: string },
): Promise<Answer> {
  const response = await fetch(server.url.replace(/^ws/, 'http') + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

export async function expectStatus(answer: Promise<Answer>, status: number): Promise<unknown> {
  const { status: got, body } = await answer
  if (got !== status) throw new Error(`expected ${status}, got ${got}: ${JSON.stringify(body)}`)
  return body
}

/** Signs somebody up with one device. */
export async function signUp(server: { url: string }, userId: string, prekeys = 2): Promise<TestDevice> {
  const device = await makeDevice(await makePerson(userId), { prekeys })
  await expectStatus(ask(server, { path: '/v1/accounts', body: signUpRequest(device) }), 201)
  return device
}

/** One more device of a person. */
export async function addDevice(server: { url: string }, person: TestPerson): Promise<TestDevice> {
  const device = await makeDevice(person)
  await expectStatus(ask(server, { path: '/v1/devices', body: device.registration }), 201)
  return device
}

export async function tokenFor(
  server: { url: string; serverId: string },
  device: TestDevice,
  now?: number,
): Promise<string> {
  const body = { assertion: await assertion(device, { audience: server.serverId, ...(now ? { now } : {}) }) }
  const answer = await expectStatus(ask(server, { path: '/v1/token', body }), 200)
  return (answer as { token: string }).token
}

type Of<T extends ServerFrame['t']> = Extract<ServerFrame, { t: T }>

/** A device's socket that keeps all that came. */
export class TestSocket {
  readonly frames: ServerFrame[] = []
  /** Set when it has closed. */
  closed: { code: number } | undefined
  /** Answers every message at once. */
  acks: boolean
  readonly raw: WebSocket

  constructor(raw: WebSocket, { acks }: { acks: boolean }) {
    this.raw = raw
    this.acks = acks
    raw.on('error', () => undefined)
    raw.on('close', code => {
      this.closed = { code }
    })
    raw.on('message', data => {
      const frame = JSON.parse(data.toString()) as ServerFrame
      this.frames.push(frame)
      if (frame.t === 'message' && this.acks) this.send({ t: 'ack', ids: [frame.id] })
    })
  }

  of<T extends ServerFrame['t']>(t: T): Of<T>[] {
    return this.frames.filter((frame): frame is Of<T> => frame.t === t)
  }

  get messageIds(): MessageId[] {
    return this.of('message').map(({ id }) => id)
  }

  get storedIds(): MessageId[] {
    return this.of('stored').flatMap(({ ids }) => ids)
  }

  send(frame: ClientFrame): void {
    this.raw.send(JSON.stringify(frame))
  }

  /** Waits for the first frame of a kind that fits. */
  async next<T extends ServerFrame['t']>(t: T, fits: (frame: Of<T>) => boolean = () => true): Promise<Of<T>> {
    return await waitFor(() => this.of(t).find(fits), { what: `a frame "${t}"; came: ${this.summary()}` })
  }

  async untilClosed(): Promise<number> {
    return (await waitFor(() => this.closed, { what: 'the socket to be closed' })).code
  }

  async close(): Promise<void> {
    this.raw.close()
    await this.untilClosed()
  }

  summary(): string {
    return this.frames.map(({ t }) => t).join(' ')
  }
}

/** Opens a socket and waits for its welcome. */
export async function connect(
  server: { url: string; serverId: string },
  device: TestDevice,
  { acks = true, token }: { acks?: boolean; token?: string } = {},
): Promise<TestSocket> {
  const authorization = `Bearer ${token ?? (await tokenFor(server, device))}`
  const socket = new TestSocket(new WebSocket(`${server.url}/v1/socket`, { headers: { authorization } }), {
    acks,
  })
  await waitFor(() => socket.of('welcome').length > 0 || socket.closed, { what: 'a welcome or a close' })
  if (socket.closed) throw new Error(`the socket was closed with ${socket.closed.code}`)
  return socket
}

/** How an upgrade is refused. */
export async function refusedUpgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return await new Promise((resolve, reject) => {
    const raw = new WebSocket(`${url}/v1/socket`, { headers })
    raw.on('open', () => reject(new Error('the upgrade was accepted')))
    raw.on('error', () => undefined)
    raw.on('unexpected-response', (_, response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
  })
}
