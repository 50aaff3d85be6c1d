import { CompactEncrypt, compactDecrypt } from 'jose'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { profile } from '../../schema/jose.ts'

/** The one error of every decryption that fails, whatever failed (RFC 7516 section 11.5). */
export function cannotDecrypt(): FastChatError {
  return new FastChatError('cannot_decrypt', 'Cannot decrypt message: it is damaged or not for this device')
}

/** A compact JWE directly under a 256-bit key. `header` is authenticated, not secret. */
export function sealDirect(
  plaintext: Uint8Array,
  { key, header = {} }: { key: Uint8Array; header?: Record<string, string | number> },
): Promise<string> {
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: profile.direct, enc: profile.encryption, ...header })
    .encrypt(key)
}

/**
 * Opens what `sealDirect()` made. Its header must be what `header` says and nothing more, so no `zip`, no `crit`, no key.
 *
 * @throws FastChatError `cannot_decrypt`
 */
export async function openDirect(
  jwe: string,
  { key, header, maxChars }: { key: Uint8Array; header: v.GenericSchema; maxChars: number },
): Promise<Uint8Array> {
  try {
    if (jwe.length <= maxChars) {
      const { plaintext, protectedHeader } = await compactDecrypt(jwe, key, {
        keyManagementAlgorithms: [profile.direct],
        contentEncryptionAlgorithms: [profile.encryption],
        maxDecompressedLength: 0,
      })
      if (v.is(header, protectedHeader)) return plaintext
    }
  } catch {
    // Falls through to the one error.
  }
  throw cannotDecrypt()
}
