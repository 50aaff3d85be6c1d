import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { argon2id } from 'hash-wasm'
import { CODE_SYMBOLS, makeRecoveryCode, readRecoveryCode } from '../client/core/recovery-code.ts'
import { makeAssertion } from '../client/crypto/assertion.ts'
import { startChain, step } from '../client/crypto/chain.ts'
import { announceChain } from '../client/crypto/envelope.ts'
import { encryptFile } from '../client/crypto/file-cipher.ts'
import { generateKey, publicEd25519, publicX25519 } from '../client/crypto/keys.ts'
import { sealLabel } from '../client/crypto/label.ts'
import { sealMessage } from '../client/crypto/message.ts'
import { derivePasswordKeys, makeStorageKey } from '../client/crypto/password.ts'
import { kidOf, makePrekey, verifyPrekey } from '../client/crypto/prekeys.ts'
import { directRoster } from '../client/crypto/roster.ts'
import { safetyNumber } from '../client/crypto/safety-number.ts'
import { recoveryKeys } from '../client/crypto/sealed-account.ts'
import { sealVault, wrapStorageKey } from '../client/crypto/vault.ts'
import { audienceText } from '../schema/ids.ts'
import { argon2idLimits } from '../schema/limits.ts'
import { groupVector, rosterVector } from './make-group-vectors.ts'
import { base64url, createPeople, NOW, type Person, sha256, uuid } from './vector-people.ts'

/** Makes schema/vectors/*.json: `node --import tsx scripts/make-vectors.ts [--force | --add] [folder]`. */

/** Every vector, by the name of its file; about the people of `keysFile` when there is one. */
export async function makeVectors(keysFile?: string): Promise<Record<string, object>> {
  const cast = await createPeople(keysFile)
  const { alice, bob, carol } = cast
  const people = [alice, bob, carol]
  const { prekeys, chain, messages } = await talk(alice, bob)
  const roster = await rosterVector(cast)
  return {
    keys: { people: people.map(({ certificate: _, ...person }) => person) },
    certificate: { userId: 'alice', deviceId: alice.deviceId, jws: alice.certificate },
    assertion: {
      server: uuid(9),
      issuedAt: NOW / 1000,
      jws: await makeAssertion(alice, { server: uuid(9), now: NOW }),
    },
    password: await passwordVector(),
    recovery: recoveryVector(),
    vault: await vaultVector(alice),
    direct: directVector(people),
    prekeys,
    chain,
    messages,
    roster,
    group: await groupVector(cast, roster),
    file: [await fileVector(0), await fileVector(70_000)],
    safety: await safetyVector(people),
    label: {
      ...{ userId: 'alice', deviceId: alice.deviceId, name: 'Bürorechner' },
      jwe: await sealLabel('Bürorechner', alice),
    },
  }
}

/**
 * Writes the vectors as JSON files, and returns which.
 *
 * @param options `force` replaces all; `add` writes those that are not there, about the people who are there already
 * @throws Error when one is there already and neither is set: what others check against must not change by accident
 */
export async function writeVectors(
  folder: string,
  { force, add = false }: { force: boolean; add?: boolean },
): Promise<string[]> {
  const vectors = Object.entries(await makeVectors(add ? join(folder, 'keys.json') : undefined))
  const files = vectors.map(([name, vector]) => ({ file: join(folder, `${name}.json`), vector }))
  const there = force || add ? undefined : files.find(({ file }) => existsSync(file))
  if (there) throw new Error(`Cannot write vectors: ${there.file} exists (--force replaces all of them)`)
  const wanted = files.filter(({ file }) => !add || !existsSync(file))
  mkdirSync(folder, { recursive: true })
  for (const { file, vector } of wanted) writeFileSync(file, `${JSON.stringify(vector, null, 2)}\n`)
  return wanted.map(({ file }) => file)
}

/** The cheapest parameters that a client accepts: a test need not wait. */
async function passwordVector() {
  const password = 'correct horse battery staple'
  const salt = new Uint8Array(16).map((_, index) => index)
  const kdf = { name: 'argon2id', salt: base64url(salt), ...argon2idLimits.min } as const
  const { memoryKiB: memorySize, iterations, parallelism } = kdf
  const argon2 = { password, salt, memorySize, iterations, parallelism, hashLength: 32 }
  const { authKey, vaultKey } = await derivePasswordKeys(password, kdf)
  return {
    password,
    kdf,
    argon2id: base64url(await argon2id({ ...argon2, outputType: 'binary' })),
    authKey,
    vaultKey: base64url(vaultKey),
  }
}

/** A code whose symbols are all there are but the last six. */
function recoveryVector() {
  const code = makeRecoveryCode(Uint8Array.from({ length: CODE_SYMBOLS }, (_, index) => index))
  const { authKey, vaultKey } = recoveryKeys(code)
  return { code, symbols: readRecoveryCode(code), authKey, vaultKey: base64url(vaultKey) }
}

async function vaultVector({ userId, accountKey, thumbprint }: Person) {
  const vaultKey = makeStorageKey()
  const storageKey = makeStorageKey()
  return {
    userId,
    accountKeyThumbprint: thumbprint,
    vaultKey: base64url(vaultKey),
    vault: await sealVault(accountKey, { userId, vaultKey }),
    storageKey: base64url(storageKey),
    wrappedStorageKey: await wrapStorageKey(storageKey, { userId, accountKey }),
  }
}

function directVector(people: readonly Person[]) {
  return people.flatMap((one, index) =>
    people.slice(index).map(other => ({
      members: [one.userId, other.userId],
      conv: directRoster(
        { user: one.userId, key: one.thumbprint },
        { user: other.userId, key: other.thumbprint },
      ).conv,
    })),
  )
}

/** A chain from alice to bob, to a one-time prekey of his and to the signed prekey of another device of hers. */
async function talk(alice: Person, bob: Person) {
  const aliceToo = { ...alice, deviceId: uuid(4), deviceKey: await generateKey('Ed25519') }
  const prekeys = [
    { owner: bob, ...(await makePrekey(bob, { use: 'one-time', now: NOW })) },
    { owner: aliceToo, ...(await makePrekey(aliceToo, { use: 'signed', now: NOW })) },
  ]
  const checked = await Promise.all(
    prekeys.map(({ owner, jws, use }) => {
      const { deviceId, deviceKey } = owner
      return verifyPrekey(jws, { deviceId, deviceKey: publicEd25519(deviceKey), use, now: NOW })
    }),
  )
  const me = { user: alice.userId, key: alice.thumbprint }
  const to = { user: bob.userId, key: bob.thumbprint }
  const audience = sha256(audienceText(prekeys.map(({ owner }) => owner.deviceId)))
  const state = startChain({ roster: directRoster(me, to), to, audience, now: NOW })
  return {
    prekeys: prekeys.map(({ owner, id, use, key, jws }, index) => ({
      ...{ userId: owner.userId, deviceId: owner.deviceId, deviceKey: publicEd25519(owner.deviceKey) },
      ...{ id, kid: checked.map(kidOf)[index], use, privateKey: key, publicKey: publicX25519(key), jws },
    })),
    chain: { state, body: await announceChain(state, { ...alice, signer: alice, prekeys: checked }) },
    messages: await writeMessages(alice, state),
  }
}

async function writeMessages(signer: Person, chain: ReturnType<typeof startChain>) {
  const content = [
    { type: 'text', text: 'Hello Bob' },
    { type: 'text', text: 'Grüße, 你好, 👋🏽 – and a line\nbreak' },
    { type: 'receipt', state: 'delivered', ids: [uuid(99)] },
  ] as const
  const messages: object[] = []
  let state = chain
  for (const [n, each] of content.entries()) {
    const id = uuid(100 + n)
    const sentAt = NOW + 1000 * n
    const known = each.type === 'receipt' ? { ...each, ids: [...each.ids] } : each
    const { messageKey, next } = step(state.ck)
    const sealed = await sealMessage({ id, sentAt, content: known }, { chain: state, signer })
    messages.push({
      n,
      id,
      sentAt,
      content: each,
      chainKey: state.ck,
      messageKey,
      nextChainKey: next,
      jwe: sealed.jwe,
    })
    state = sealed.chain
  }
  return messages
}

/** A file of which byte `i` is `i` modulo 251, encrypted. */
async function fileVector(size: number) {
  const plaintext = new Uint8Array(size).map((_, index) => index % 251)
  const key = base64url(makeStorageKey())
  async function* source() {
    if (size > 0) yield plaintext
  }
  const pieces: Uint8Array[] = []
  for await (const piece of encryptFile(source(), { key, size })) pieces.push(piece)
  const blob = Buffer.concat(pieces)
  return {
    ...{ key, size, sha256: sha256(plaintext), blobSize: blob.length, blobSha256: sha256(blob) },
    tags: pieces.map(piece => base64url(piece.subarray(-16))),
  }
}

async function safetyVector(people: readonly Person[]) {
  const owner = ({ userId: user, thumbprint: key }: Person) => ({ user, key })
  const pairs = people.flatMap((one, index) => people.slice(index + 1).map(other => [one, other] as const))
  return Promise.all(
    pairs.map(async ([one, other]) => {
      const { digits, qr } = await safetyNumber(owner(one), owner(other))
      return { users: [one.userId, other.userId], digits, qr: Buffer.from(qr).toString() }
    }),
  )
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2)
  const [folder = 'schema/vectors'] = words.filter(word => !word.startsWith('--'))
  try {
    const files = await writeVectors(folder, {
      force: words.includes('--force'),
      add: words.includes('--add'),
    })
    process.stdout.write(`${files.join('\n')}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 3
  }
}
