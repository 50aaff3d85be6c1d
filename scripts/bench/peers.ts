import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import { WebSocket } from 'ws'
import { makeAssertion } from '../../client/crypto/assertion.ts'
import { certifyDevice } from '../../client/crypto/certificate.ts'
import { sealDirect } from '../../client/crypto/jwe.ts'
import { generateKey, publicEd25519 } from '../../client/crypto/keys.ts'
import { makePrekey } from '../../client/crypto/prekeys.ts'
import { sealVault } from '../../client/crypto/vault.ts'
import { httpUrl, socketUrl } from '../../client/net/urls.ts'
import { audienceOf } from '../../client/session/audience.ts'
import { argon2idLimits } from '../../schema/limits.ts'
import { quantile } from './figures.ts'

/** Somebody at a socket who speaks the protocol and does nothing beside: no session, no store. */
export interface Peer {
  userId: string
  deviceId: string
  socket: WebSocket
}

/** What a server or the relay says, as far as a peer listens. */
interface Said {
  t: string
  id?: string
  ids?: string[]
  code?: string
}

const BODY_BYTES = 1_150
let peers = 0

/** Makes an account at a server and connects to it. */
export async function connectPeer(url: string): Promise<Peer> {
  const userId = `peer${++peers}`
  const deviceId = uuidv7()
  // Each is a machine of its own.
  const address = `10.${(peers >> 16) & 255}.${(peers >> 8) & 255}.${peers & 255}`
  const now = Date.now()
  const [accountKey, deviceKey] = [await generateKey('Ed25519'), await generateKey('Ed25519')]
  const signer = { userId, deviceId, deviceKey }
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(httpUrl(url, path), {
      headers: { 'x-forwarded-for': address, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Cannot connect peer: ${path} answers ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
  await ask('/v1/accounts', {
    userId,
    kdf: { name: 'argon2id', salt: randomBytes(16).toString('base64url'), ...argon2idLimits.default },
    authKey: randomBytes(32).toString('base64url'),
    accountKey: publicEd25519(accountKey),
    vault: await sealVault(accountKey, { userId, vaultKey: new Uint8Array(randomBytes(32)) }),
    device: {
      certificate: await certifyDevice({ ...signer, accountKey, now }),
      signedPrekey: (await makePrekey(signer, { use: 'signed', now })).jws,
      oneTimePrekeys: [],
    },
  })
  const about = await ask<{ self: string; now: number }>('/v1/servers')
  const assertion = await makeAssertion(signer, { server: about.self, now: about.now })
  const { token } = await ask<{ token: string }>('/v1/token', { assertion })
  const socket = new WebSocket(socketUrl(url), {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  })
  await said(socket, 'drained')
  return { userId, deviceId, socket }
}

/** The same at the relay. */
export async function connectToRelay(url: string): Promise<Peer> {
  const userId = `peer${++peers}`
  const socket = new WebSocket(`${url}/${userId}`, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return { userId, deviceId: uuidv7(), socket }
}

function said(socket: WebSocket, t: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const listen = (data: Buffer) => {
      if ((JSON.parse(data.toString()) as Said).t !== t) return
      socket.off('message', listen)
      resolve()
    }
    socket.on('message', listen)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`Cannot connect peer: closed before ${t}`)))
  })
}

export interface Load {
  /** Senders and their recipients. */
  pairs: readonly { from: Peer; to: Peer }[]
  /** Messages of a sender that nobody has answered yet. */
  window: number
  loadMs: number
}

/** Messages of 1.6 KB as fast as they are answered. The first third of the time is not counted. */
export async function runLoad({ pairs, window, loadMs }: Load): Promise<{
  perSecond: number
  /** From sending to the recipient, ms. */
  p50: number
  p99: number
}> {
  const sentAt = new Map<string, number>()
  const latencies: number[] = []
  let arrived = 0
  let isCounting = false
  let isOver = false
  let failure: Error | undefined
  const undo: (() => void)[] = []
  const listen = (socket: WebSocket, listener: (said: Said) => void) => {
    const on = (data: Buffer) => listener(JSON.parse(data.toString()) as Said)
    socket.on('message', on)
    undo.push(() => socket.off('message', on))
  }
  for (const { from, to } of pairs) {
    const kid = randomBytes(16).toString('base64url')
    const body = await sealDirect(randomBytes(BODY_BYTES), { key: randomBytes(32), header: { kid, n: 0 } })
    const audience = audienceOf([to.deviceId])
    const send = () => {
      if (isOver) return
      const id = uuidv7()
      sentAt.set(id, performance.now())
      const frame = { t: 'send', kind: 'message', id, to: { user: to.userId }, audience, body }
      from.socket.send(JSON.stringify(frame))
    }
    listen(from.socket, ({ t, ids = [], code }) => {
      if (t === 'stored') for (const _ of ids) send()
      else if (t === 'refused' || t === 'error') failure = new Error(`Cannot go on with load: ${code}`)
    })
    let acks: string[] = []
    listen(to.socket, ({ t, id }) => {
      if ((t !== 'message' && t !== 'send') || id === undefined) return
      if (isCounting) {
        arrived++
        latencies.push(performance.now() - (sentAt.get(id) ?? 0))
      }
      sentAt.delete(id)
      // The relay echoes the frame as it is, and has nothing to forget.
      if (t === 'send') return
      acks.push(id)
      if (acks.length > 1) return
      setImmediate(() => {
        to.socket.send(JSON.stringify({ t: 'ack', ids: acks }))
        acks = []
      })
    })
    for (let at = 0; at < window; at++) send()
  }
  await delay(loadMs / 3)
  isCounting = true
  const from = performance.now()
  await delay((loadMs * 2) / 3)
  const seconds = (performance.now() - from) / 1000
  isCounting = false
  isOver = true
  // What is under way comes to its end, so that it is nobody's load any more.
  for (let waits = 0; sentAt.size > 0 && waits < 100 && !failure; waits++) await delay(50)
  for (const off of undo) off()
  if (failure) throw failure
  return { perSecond: arrived / seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}
