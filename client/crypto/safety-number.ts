import { createHash } from 'node:crypto'
import type { Base64Url32, UserId } from '../../schema/ids.ts'

type Party = { userId: UserId; key: Base64Url32 }

export async function safetyNumber(parties: readonly [Party, Party]): Promise<string> {
  return parties.map(fingerprint).sort().join('')
}

export async function safetyQr(parties: readonly [Party, Party]): Promise<Uint8Array> {
  return new TextEncoder().encode(`fastchat:${await safetyNumber(parties)}`)
}

function fingerprint({ userId, key }: Party): string {
  let hash = Buffer.from(`fastchat/safety\n${userId}\n${key}`)
  for (let n = 0; n < 5200; n++) hash = createHash('sha512').update(hash).update(key).digest()
  return Array.from({ length: 6 }, (_, at) =>
    String(hash.readUIntBE(at * 5, 5) % 100000).padStart(5, '0'),
  ).join('')
}
