import { v7 as uuidv7 } from 'uuid'
import type { DeviceRegistration } from '../../schema/http.ts'
import type { UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { certifyDevice } from '../crypto/certificate.ts'
import { generateKey, publicEd25519, thumbprint } from '../crypto/keys.ts'
import type { PrivateJwk } from '../crypto/types.ts'
import type { Store } from '../store/store.ts'
import { Cipher } from './cipher.ts'
import { type Identity, openTables, type PrekeyRecord } from './records.ts'

/** A device that no server knows yet: its private parts for the store, its public ones for the server. */
export interface NewDevice {
  identity: Identity
  prekeys: PrekeyRecord[]
  registration: DeviceRegistration
}

/** Makes a device of an account. */
export async function createDevice(account: {
  userId: UserId
  accountKey: PrivateJwk
  now: number
}): Promise<NewDevice> {
  const { userId, accountKey, now } = account
  const deviceId = uuidv7()
  const deviceKey = await generateKey('Ed25519')
  const certificate = await certifyDevice({ userId, deviceId, deviceKey, accountKey, now })
  const identity = { userId, deviceId, accountKey, deviceKey, certificate }
  const cipher = await Cipher.create(identity)
  const made = await cipher.makePrekeys({ count: limits.prekeyStock, withSigned: true, now })
  const jwsOf = (use: PrekeyRecord['use']) =>
    made.filter(prekey => prekey.use === use).map(({ upload }) => upload)
  const [signedPrekey = ''] = jwsOf('signed')
  return {
    identity,
    // The registration brings them to the server: none is in doubt once it was answered.
    prekeys: made.map(({ upload: _, ...prekey }) => prekey),
    registration: { certificate, signedPrekey, oneTimePrekeys: jwsOf('one-time') },
  }
}

/** Writes a new device into an empty store; one's own account key is pinned like anybody's. */
export async function writeDevice(store: Store, { identity, prekeys }: NewDevice): Promise<void> {
  const { userId, accountKey } = identity
  const own = await thumbprint(accountKey)
  const conversation = new Cipher(identity, own).conversationWith(own)
  store.transaction(() => {
    const tables = openTables(store)
    tables.identity.put([], identity)
    for (const prekey of prekeys) tables.prekeys.put([prekey.id], prekey)
    tables.people.put([userId], {
      userId,
      thumbprint: own,
      accountKey: publicEd25519(accountKey),
      conversation,
    })
  })
}

/** The device that a store belongs to; undefined when it was never written. */
export function readIdentity(store: Store): Identity | undefined {
  return openTables(store).identity.get([])
}
