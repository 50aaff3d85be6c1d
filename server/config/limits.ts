import { limits as protocolLimits } from '../../schema/limits.ts'

/** The protocol's limits; a test may lower one to reach it. */
export type Limits = { readonly [Name in keyof typeof protocolLimits]: number }

export function limitsWith(changed: Partial<Limits> = {}): Limits {
  return { ...protocolLimits, ...changed }
}
