import * as v from 'valibot'
import type { DeviceId } from '../../schema/ids.ts'
import { hkdfInfo, profile } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, hkdf, utf8 } from './bytes.ts'
import { openDirect, sealDirect } from './jwe.ts'
import type { PrivateJwk } from './types.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** A device's name under a key that only the account's devices have; its header binds it to the device. */
export function sealLabel(
  name: string,
  { accountKey, deviceId }: { accountKey: PrivateJwk; deviceId: DeviceId },
): Promise<string> {
  return sealDirect(utf8(name), { key: labelKey(accountKey), header: { use: 'label', dev: deviceId } })
}

/**
 * The name that `sealLabel()` sealed for this very device.
 *
 * @throws FastChatError `cannot_decrypt`
 */
export async function openLabel(
  label: string,
  { accountKey, deviceId }: { accountKey: PrivateJwk; deviceId: DeviceId },
): Promise<string> {
  const name = await openDirect(label, {
    key: labelKey(accountKey),
    header: v.strictObject({
      alg: v.literal(profile.direct),
      enc: v.literal(profile.encryption),
      use: v.literal('label'),
      dev: v.literal(deviceId),
    }),
    maxChars: limits.maxLabelChars,
  })
  return decoder.decode(name)
}

function labelKey({ d }: PrivateJwk): Uint8Array {
  return hkdf(fromBase64Url(d), hkdfInfo.label)
}
