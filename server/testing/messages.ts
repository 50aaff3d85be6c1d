import { createHash } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import type { SendFrame } from '../../schema/frames.ts'
import type { Recipient } from '../../schema/ids.ts'
import { audienceText, type DeviceId } from '../../schema/ids.ts'
import type { GeneralJwe } from '../../schema/jose.ts'
import { noise } from './person.ts'

export function audience(deviceIds: Iterable<DeviceId>): string {
  return createHash('sha256').update(audienceText(deviceIds)).digest('base64url')
}

interface Addressed {
  to: Recipient
  for: readonly DeviceId[]
  id?: string
  /** Of the ciphertext. Default 64. */
  bytes?: number
}

/** A message of noise for these devices. */
export function makeMessage({ to, for: devices, id = uuidV7(), bytes = 64 }: Addressed): SendFrame {
  const body = `${noise(40)}..${noise(12)}.${noise(bytes)}.${noise(16)}`
  return { t: 'send', kind: 'message', id, to, audience: audience(devices), body }
}

/** The same, only for the moment. */
export function makeTransient(addressed: Addressed): SendFrame & { kind: 'transient' } {
  return { ...(makeMessage(addressed) as SendFrame & { kind: 'message' }), kind: 'transient' }
}

/** A chain of noise, with an entry for each of these devices. */
export function makeChain({ to, for: devices, id = uuidV7() }: Addressed): SendFrame & { kind: 'chain' } {
  return { t: 'send', kind: 'chain', id, to, audience: audience(devices), body: makeGeneralJwe(devices) }
}

export function makeGeneralJwe(devices: readonly DeviceId[]): GeneralJwe {
  return {
    protected: noise(20),
    iv: noise(12),
    ciphertext: noise(100),
    tag: noise(16),
    recipients: devices.map(device => ({
      header: {
        alg: 'ECDH-ES+A256KW',
        kid: `${device}/${noise(12)}`,
        epk: { kty: 'OKP', crv: 'X25519', x: noise(32) },
      },
      encrypted_key: noise(40),
    })),
  }
}
