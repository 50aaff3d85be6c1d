import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'

/** Seals the values of one store with AES-256-GCM and hides the keys of its secret tables. */
export interface Sealing {
  /** A value as bytes: a random 96-bit nonce, the ciphertext, the tag. Bound to its table and key. */
  seal(value: unknown, place: Place): Buffer

  /** @throws FastChatError `home_damaged`, naming the table: damaged, moved here from elsewhere, or under another key. */
  open(sealed: Uint8Array, place: Place): unknown

  /** The keyed hash of a key: the same for the same key and table, and telling nothing without the storage key. */
  hashKey(place: Place): Buffer
}

export interface Place {
  table: string
  /** As the store has it. */
  key: Uint8Array
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * @param storageKey 32 random bytes. Two keys are derived from it by HKDF-SHA-256 (RFC 5869): one to encrypt, one to
 *   hash keys with.
 */
export function createSealing(storageKey: Uint8Array): Sealing {
  if (storageKey.byteLength !== 32) throw new TypeError('Cannot seal: a storage key has 32 bytes')
  const encryptionKey = derive(storageKey, 'fastchat/store/values')
  const hashingKey = derive(storageKey, 'fastchat/store/keys')
  return {
    seal(value, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', encryptionKey, nonce)
      cipher.setAAD(placeBytes(place))
      const ciphertext = cipher.update(JSON.stringify(value), 'utf8')
      return Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, place) {
      try {
        if (sealed.byteLength < NONCE_BYTES + TAG_BYTES) throw new RangeError('too short')
        const decipher = createDecipheriv('aes-256-gcm', encryptionKey, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        })
        decipher.setAAD(placeBytes(place))
        decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_BYTES))
        const text = decipher.update(sealed.subarray(NONCE_BYTES, sealed.byteLength - TAG_BYTES))
        return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8'))
      } catch {
        // No cause: the JSON parser's message would quote what it read.
        throw new FastChatError(
          'home_damaged',
          `Cannot read table "${place.table}": a value is damaged, or sealed under another key`,
        )
      }
    },
    hashKey(place) {
      return createHmac('sha256', hashingKey).update(placeBytes(place)).digest()
    },
  }
}

function derive(storageKey: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', storageKey, new Uint8Array(0), info, 32))
}

/** Unambiguous: a table's name holds no NUL. */
function placeBytes({ table, key }: Place): Buffer {
  return Buffer.concat([Buffer.from(`${table}\0`, 'utf8'), key])
}
