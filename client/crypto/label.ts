import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import type { DeviceId } from '../../schema/ids.ts'
import { hkdfInfo, profile } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, hkdf, utf8 } from './bytes.ts'
import { cannotDecrypt, openDirect, sealDirect } from './jwe.ts'
import { unpad } from './padding.ts'
import type { PrivateJwk } from './types.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const header = (deviceId: DeviceId) =>
  v.strictObject({
    alg: v.literal(profile.direct),
    enc: v.literal(profile.encryption),
    use: v.literal('label'),
    dev: v.literal(deviceId),
  })

/**
 * The name of one's own device, under a key that only devices of the account have. All names come out equally long, and the
 * header binds each to its device, so that a server cannot give one device the name of another.
 *
 * @param name 1 to `limits.maxDeviceNameBytes` bytes of UTF-8
 * @throws FastChatError `usage` when it is another length, no Unicode, or holds NUL
 */
export async function sealLabel(
  name: string,
  { deviceId, accountKey }: { deviceId: DeviceId; accountKey: PrivateJwk },
): Promise<string> {
  if (!isName(name)) {
    const most = limits.maxDeviceNameBytes
    throw new FastChatError('usage', `Cannot name device: a name has 1 to ${most} bytes of text`)
  }
  const padded = new Uint8Array(limits.maxDeviceNameBytes)
  padded.set(utf8(name))
  return sealDirect(padded, { key: labelKey(accountKey), header: { use: 'label', dev: deviceId } })
}

/**
 * Undoes `sealLabel()`. The name is text for a person: whoever shows it on a terminal sanitises it.
 *
 * @throws FastChatError `cannot_decrypt` whatever is wrong: another device's, another account's, damaged
 */
export async function openLabel(
  label: string,
  { deviceId, accountKey }: { deviceId: DeviceId; accountKey: PrivateJwk },
): Promise<string> {
  const plaintext = await openDirect(label, {
    key: labelKey(accountKey),
    header: header(deviceId),
    maxChars: limits.maxLabelChars,
  })
  try {
    const name = decoder.decode(unpad(plaintext))
    if (isName(name)) return name
  } catch {
    // Falls through to the one error.
  }
  throw cannotDecrypt()
}

function isName(name: string): boolean {
  const { length } = utf8(name)
  const isText = !name.includes('\0') && !/\p{Surrogate}/u.test(name)
  return isText && length >= 1 && length <= limits.maxDeviceNameBytes
}

function labelKey(accountKey: PrivateJwk): Uint8Array {
  return hkdf(fromBase64Url(accountKey.d), hkdfInfo.label)
}
