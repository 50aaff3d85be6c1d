import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import type { GeneralJwe } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { inSlices } from '../crypto/slices.ts'
import type { VerifiedPrekey } from '../crypto/types.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { audienceOf } from './audience.ts'
import type { Cipher } from './cipher.ts'
import { devicesOf, type Party } from './parties.ts'
import type { KnownDevice, SenderRecord } from './records.ts'

export interface ChainsOptions {
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

/**
 * Makes a chain for a party, for all devices that it has now.
 *
 * @throws FastChatError `stale_audience` when a device has gone meanwhile: refresh and try again; `bad_prekey` when the
 *   server is not to be trusted; `no_server` and what the server says
 */
export async function makeChain(party: Party, options: ChainsOptions): Promise<MadeChain> {
  const { cipher, clock } = options
  const devices = devicesOf(party)
  const prekeys = devices.length > 0 ? await claim(devices, options) : []
  const audience = audienceOf(devices.map(({ deviceId }) => deviceId))
  const { state, body } = await cipher.makeChain({ party, audience, now: clock.now(), prekeys })
  return body ? { state, audience, body } : { state, audience }
}

async function claim(
  devices: readonly KnownDevice[],
  { connection, cipher, clock }: ChainsOptions,
): Promise<VerifiedPrekey[]> {
  if (devices.length > limits.maxRecipients) {
    throw new FastChatError(
      'too_large',
      `Cannot make chain: over ${limits.maxRecipients} devices would get it`,
    )
  }
  const answer = await connection.request((api, token) =>
    api.claimPrekeys({ devices: devices.map(({ deviceId }) => deviceId), token }),
  )
  const byDevice = new Map(answer.prekeys.map(prekeys => [prekeys.deviceId, prekeys]))
  const now = clock.now()
  return await inSlices(devices, async device => {
    const prekeys = byDevice.get(device.deviceId)
    if (!prekeys) {
      throw new FastChatError('stale_audience', 'Cannot make chain: a device has no prekeys any more')
    }
    const jws = prekeys.oneTimePrekey ?? prekeys.signedPrekey
    const use = prekeys.oneTimePrekey === undefined ? 'signed' : 'one-time'
    return await cipher.checkPrekey({ device, jws, use, now })
  })
}
