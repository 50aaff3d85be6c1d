import { limits as protocolLimits } from '../../schema/limits.ts'

/** The protocol's limits; a test may lower one to reach it. */
export type Limits = { readonly [Name in keyof typeof protocolLimits]: number }

export function limitsWith(changed: Partial<Limits> = {}): Limits {
  return { ...protocolLimits, ...changed }
}

/** What an operator's choice of the largest attachment makes of the limits: an account may have as many of that size. */
export function blobLimits(maxBlobBytes: number | undefined): Partial<Limits> {
  if (maxBlobBytes === undefined) return {}
  const perUser = protocolLimits.maxBlobBytesPerUser / protocolLimits.maxBlobBytes
  return { maxBlobBytes, maxBlobBytesPerUser: maxBlobBytes * perUser }
}
