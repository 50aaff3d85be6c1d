import { limits } from '../../schema/limits.ts'

/** How many one-time prekeys to make, when the server has so many left. */
export function prekeysToMake(left: number): number {
  return left < limits.prekeyLowWater ? Math.min(limits.prekeyStock - left, limits.maxPrekeysPerUpload) : 0
}

/** Whether the signed prekey made at `createdAt` is to be replaced; also when a wrong clock has dated it ahead. */
export function isRotationDue(createdAt: number, now: number): boolean {
  return Math.abs(now - createdAt) >= limits.signedPrekeyRotateMs
}

/**
 * Whether the private part of a signed prekey that was replaced at `retiredAt` can go. A chain made with it just before
 * may lie on a server for `undeliveredTtlMs`, so its time begins when it was replaced.
 */
export function isPrekeySpent(retiredAt: number | undefined, now: number): boolean {
  return retiredAt !== undefined && now - retiredAt >= limits.signedPrekeyKeepMs
}
