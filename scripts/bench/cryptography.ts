import { v7 as uuidv7 } from 'uuid'
import { certifyDevice } from '../../client/crypto/certificate.ts'
import { acceptChain, startChain } from '../../client/crypto/chain.ts'
import { announceChain } from '../../client/crypto/envelope.ts'
import { generateKey, publicEd25519, thumbprint } from '../../client/crypto/keys.ts'
import { openMessage, sealMessage } from '../../client/crypto/message.ts'
import { derivePasswordKeys, makeKdf } from '../../client/crypto/password.ts'
import { makeOneTimePrekeys, verifyPrekey } from '../../client/crypto/prekeys.ts'
import { directRoster } from '../../client/crypto/roster.ts'
import { inSlices } from '../../client/crypto/slices.ts'
import type { SenderChain } from '../../client/crypto/types.ts'
import type { Amount } from './catalog.ts'
import { type Measured, watched } from './figures.ts'

async function createSender() {
  const userId = 'alice'
  const [accountKey, deviceKey, otherKey] = [
    await generateKey('Ed25519'),
    await generateKey('Ed25519'),
    await generateKey('Ed25519'),
  ]
  const now = Date.now()
  const signer = { userId, deviceId: uuidv7(), deviceKey }
  const certificate = await certifyDevice({ ...signer, accountKey, now })
  const [key, other] = [await thumbprint(accountKey), await thumbprint(otherKey)]
  const start = () =>
    startChain({
      roster: directRoster({ user: userId, key }, { user: 'bob', key: other }),
      to: { user: 'bob', key: other },
      audience: key,
      now,
    })
  return { signer, accountKey, certificate, now, start }
}

/** Messages of 200 characters, one after the other, each chain as long as chains are. */
export async function measureMessages({ rounds }: Amount): Promise<Measured> {
  const { signer, accountKey, certificate, now, start } = await createSender()
  const content = { type: 'text' as const, text: 'so it goes '.repeat(18).slice(0, 200) }
  let [encryptMs, decryptMs, count] = [0, 0, 0]
  // The first chain warms up what is compiled as it runs.
  for (const isCounted of [false, true, true]) {
    let sender: SenderChain = start()
    let receiver = acceptChain(
      {
        ...{ sub: signer.userId, dev: signer.deviceId, accountKey: publicEd25519(accountKey), certificate },
        ...{ to: sender.to, conv: sender.conv, epoch: sender.epoch, roster: sender.roster },
        ...{ chain: sender.chain, ck: sender.ck, n: 0, iat: now },
      },
      { deviceKey: publicEd25519(signer.deviceKey) },
    )
    for (let at = 0; at < Math.min(rounds, 100); at++) {
      const id = uuidv7()
      const begunAt = performance.now()
      const sealed = await sealMessage({ id, sentAt: now, content }, { chain: sender, signer })
      const sealedAt = performance.now()
      const opened = await openMessage(
        { jwe: sealed.jwe, id, from: signer.userId, device: signer.deviceId },
        { chain: receiver },
      )
      sender = sealed.chain
      receiver = opened.chain
      if (!isCounted) continue
      encryptMs += sealedAt - begunAt
      decryptMs += performance.now() - sealedAt
      count++
    }
  }
  return { encrypt: (encryptMs / count) * 1000, decrypt: (decryptMs / count) * 1000 }
}

/** As `makeChain()` of the session does it, without the server between. */
export async function measureChains({ devices }: Amount): Promise<Measured> {
  const { signer, accountKey, certificate, now, start } = await createSender()
  const deviceKey = publicEd25519(signer.deviceKey)
  const made = await makeOneTimePrekeys(signer, { count: Math.max(...devices), now })
  const measured: Measured = {}
  for (const count of devices) {
    const { tookMs, blockMs } = await watched(async () => {
      const prekeys = await inSlices(made.slice(0, count), ({ jws }) =>
        verifyPrekey(jws, { deviceId: signer.deviceId, deviceKey, use: 'one-time', now }),
      )
      return await announceChain(start(), { signer, accountKey, certificate, prekeys })
    })
    measured[`chain-${count}`] = tookMs
    measured[`chain-${count}-block`] = blockMs
  }
  return measured
}

export async function measurePassword(): Promise<Measured> {
  const { signer, now } = await createSender()
  const derived = await watched(() => derivePasswordKeys('correct horse battery', makeKdf()))
  const made = await watched(() => makeOneTimePrekeys(signer, { count: 100, now }))
  return {
    password: derived.tookMs,
    'password-block': derived.blockMs,
    prekeys: made.tookMs,
    'prekeys-block': made.blockMs,
  }
}
