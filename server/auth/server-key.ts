import { exportJWK, type GenerateKeyPairResult, generateKeyPair } from 'jose'
import { v7 as uuidV7 } from 'uuid'
import type { ServerId } from '../../schema/ids.ts'
import { type Ed25519Jwk, profile } from '../../schema/jose.ts'

/** Who this server is: made anew at every start, so that nothing secret lies on its disk. */
export interface ServerKey {
  serverId: ServerId
  privateKey: GenerateKeyPairResult['privateKey']
  jwk: Ed25519Jwk
}

export async function makeServerKey(): Promise<ServerKey> {
  const { privateKey, publicKey } = await generateKeyPair(profile.signature, { crv: 'Ed25519' })
  const { x = '' } = await exportJWK(publicKey)
  return { serverId: uuidV7(), privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x } }
}
