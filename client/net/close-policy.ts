import { closeCodes } from '../../schema/errors.ts'

/**
 * What a client does when its socket has closed: go to another server, the same with a fresh token (wherever), or stop for
 * good because coming back would be wrong.
 */
export type AfterClose =
  | { next: 'elsewhere'; reason: string }
  | { next: 'token'; reason: string }
  | { next: 'never'; reason: 'revoked' | 'replaced' }

const reasons = new Map<number, string>([
  [1000, 'the server closed the connection'],
  [closeCodes.goingAway.code, 'the server is stopping'],
  [closeCodes.serviceRestart.code, 'the server is restarting'],
  [closeCodes.frameTooLarge.code, 'a frame was too large for the server'],
  [closeCodes.badFrame.code, 'the server did not understand a frame'],
  [closeCodes.tokenExpired.code, 'the access token had run out'],
  [closeCodes.silent.code, 'the connection was silent'],
  [closeCodes.tooManyFrames.code, 'too many frames for the server'],
])

const byCode = new Map<number, (typeof closeCodes)[keyof typeof closeCodes]['reconnect']>(
  Object.values(closeCodes).map(({ code, reconnect }) => [code, reconnect]),
)

/**
 * The policy of `closeCodes` (RFC 6455 section 7.4).
 *
 * A close that this client asked for is never asked about here; so a 1000 is a server or a proxy that wanted to be rid of
 * us, and is no reason to stay away for ever. Codes that are not known, and 1006 (no close frame at all), are a lost
 * connection.
 */
export function afterClose(code: number): AfterClose {
  if (code === closeCodes.deviceRevoked.code) return { next: 'never', reason: 'revoked' }
  if (code === closeCodes.replaced.code) return { next: 'never', reason: 'replaced' }
  const reason = reasons.get(code) ?? 'the connection was lost'
  return { next: byCode.get(code) === 'token' ? 'token' : 'elsewhere', reason }
}
