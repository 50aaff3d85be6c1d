import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import type { GeneralJwe } from '../../schema/jose.ts'
import type { VerifiedPrekey } from '../crypto/types.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { audienceOf } from './audience.ts'
import type { Cipher } from './cipher.ts'
import type { People } from './people.ts'
import type { Identity, KnownDevice, Person, SenderRecord } from './records.ts'

export interface ChainsOptions {
  identity: Identity
  people: People
  cipher: Cipher
  clock: Clock
  connection: Pick<Connection, 'request'>
}

/** A new chain of this device, and the announcement for everybody else; none when there is nobody else. */
export interface MadeChain {
  state: SenderRecord['state']
  audience: Base64Url32
  body?: GeneralJwe
}

/** The audience of a message to somebody as far as this device knows; undefined until it has asked. */
export function audienceFor(people: People, userId: UserId): Base64Url32 | undefined {
  const devices = people.devicesFor(userId)
  return devices && audienceOf(devices.map(({ deviceId }) => deviceId))
}

/**
 * Makes a chain for the conversation with somebody, for all devices that both accounts have now.
 *
 * @throws FastChatError `stale_audience` when a device has gone meanwhile: refresh and try again; `account_key_changed`,
 *   `bad_certificate`, `bad_prekey` when the server is not to be trusted; `no_server` and what the server says
 */
export async function makeChain(person: Person, options: ChainsOptions): Promise<MadeChain> {
  const { identity, people, cipher, clock } = options
  if (!people.get(identity.userId)?.devices) await people.refresh(identity.userId)
  if (!people.get(person.userId)?.devices) await people.refresh(person.userId)
  const devices = people.devicesFor(person.userId) ?? []
  const prekeys = devices.length > 0 ? await claim(devices, options) : []
  const audience = audienceOf(devices.map(({ deviceId }) => deviceId))
  const { state, body } = await cipher.makeChain({
    person,
    audience,
    now: clock.now(),
    prekeys,
  })
  return body ? { state, audience, body } : { state, audience }
}

async function claim(
  devices: readonly KnownDevice[],
  { connection, cipher, clock }: ChainsOptions,
): Promise<VerifiedPrekey[]> {
  const answer = await connection.request((api, token) =>
    api.claimPrekeys({ devices: devices.map(({ deviceId }) => deviceId), token }),
  )
  const byDevice = new Map(answer.prekeys.map(prekeys => [prekeys.deviceId, prekeys]))
  const now = clock.now()
  return await Promise.all(
    devices.map(async device => {
      const prekeys = byDevice.get(device.deviceId)
      if (!prekeys) {
        throw new FastChatError('stale_audience', 'Cannot make chain: a device has no prekeys any more')
      }
      const jws = prekeys.oneTimePrekey ?? prekeys.signedPrekey
      const use = prekeys.oneTimePrekey === undefined ? 'signed' : 'one-time'
      return await cipher.checkPrekey({ device, jws, use, now })
    }),
  )
}
