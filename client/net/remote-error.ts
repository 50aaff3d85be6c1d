import * as v from 'valibot'
import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import { ErrorBody } from '../../schema/http.ts'

/** What a server may say of a request. Any other code (of this machine, or of a newer server) is mapped by its status. */
const remoteCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'bad_request',
  'bad_frame',
  'too_large',
  'not_found',
  'rate_limited',
  'user_exists',
  'unknown_user',
  'login_refused',
  'weak_kdf',
  'unauthorized',
  'device_revoked',
  'device_limit',
  'bad_certificate',
  'bad_prekey',
  'stale_audience',
  'no_devices',
  'id_taken',
  'not_a_member',
  'group_exists',
  'unknown_group',
  'not_an_admin',
  'stale_roster',
  'bad_roster',
  'group_full',
  'last_admin',
  'quota_exceeded',
  'blob_incomplete',
  'bad_blob',
  'server_stopping',
  'unavailable',
])

/** Whether a server may say this code. */
export function isRemoteCode(code: string): code is ErrorCode {
  return remoteCodes.has(code)
}

/** The error that a server answered with. `body` is what came, whatever it is. */
export function remoteError(status: number, body: unknown): FastChatError {
  const parsed = v.safeParse(ErrorBody, body)
  const byStatus = codeOfStatus(status)
  if (!parsed.success) return new FastChatError(byStatus, `Cannot use server: it answered ${status}`)
  const { code, message } = parsed.output.error
  return new FastChatError(isRemoteCode(code) ? code : byStatus, oneLine(message))
}

/** A text of a server as one line without control characters: it may end up on a terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'unauthorized'
  if (status === 404) return 'not_found'
  if (status === 413) return 'too_large'
  if (status === 429) return 'rate_limited'
  return status >= 500 || status < 400 ? 'unavailable' : 'bad_request'
}
