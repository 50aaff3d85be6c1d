import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { argon2id } from 'hash-wasm'
import { CompactSign } from 'jose'
import { makeAssertion } from '../client/crypto/assertion.ts'
import { certifyDevice } from '../client/crypto/certificate.ts'
import { startChain, step } from '../client/crypto/chain.ts'
import { announceChain } from '../client/crypto/envelope.ts'
import { generateKey, publicEd25519, publicX25519, thumbprint, useKey } from '../client/crypto/keys.ts'
import { sealMessage } from '../client/crypto/message.ts'
import { derivePasswordKeys, makeStorageKey } from '../client/crypto/password.ts'
import { kidOf, makePrekey, verifyPrekey } from '../client/crypto/prekeys.ts'
import { directRoster } from '../client/crypto/roster.ts'
import { sealVault, wrapStorageKey } from '../client/crypto/vault.ts'
import { audienceText, type DeviceId, type UserId } from '../schema/ids.ts'
import { profile, typ } from '../schema/jose.ts'
import { argon2idLimits } from '../schema/limits.ts'

/** Makes schema/vectors/*.json: `node --import tsx scripts/make-vectors.ts [--force] [folder]`. */

const NOW = Date.UTC(2026, 0, 1)
const uuid = (number: number) => `019b7600-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

interface Person {
  userId: UserId
  deviceId: DeviceId
  accountKey: Awaited<ReturnType<typeof generateKey>>
  deviceKey: Awaited<ReturnType<typeof generateKey>>
  thumbprint: string
  certificate: string
}

/** Every vector, by the name of its file. */
export async function makeVectors(): Promise<Record<string, object>> {
  const alice = await createPerson('alice', uuid(1))
  const bob = await createPerson('bob', uuid(2))
  const carol = await createPerson('carol', uuid(3))
  const people = [alice, bob, carol]
  const { prekeys, chain, messages } = await talk(alice, bob)
  return {
    keys: { people: people.map(({ certificate: _, ...person }) => person) },
    certificate: { userId: 'alice', deviceId: alice.deviceId, jws: alice.certificate },
    assertion: {
      server: uuid(9),
      issuedAt: NOW / 1000,
      jws: await makeAssertion(alice, { server: uuid(9), now: NOW }),
    },
    password: await passwordVector(),
    vault: await vaultVector(alice),
    direct: directVector(people),
    prekeys,
    chain,
    messages,
    roster: await rosterVector({ alice, bob, carol }),
  }
}

/**
 * Writes the vectors as JSON files.
 *
 * @throws Error when one is there already and `force` is not set: what others check against must not change by accident
 */
export async function writeVectors(folder: string, { force }: { force: boolean }): Promise<string[]> {
  const vectors = Object.entries(await makeVectors())
  const files = vectors.map(([name, vector]) => ({ file: join(folder, `${name}.json`), vector }))
  const there = force ? undefined : files.find(({ file }) => existsSync(file))
  if (there) throw new Error(`Cannot write vectors: ${there.file} exists (--force replaces all of them)`)
  mkdirSync(folder, { recursive: true })
  for (const { file, vector } of files) writeFileSync(file, `${JSON.stringify(vector, null, 2)}\n`)
  return files.map(({ file }) => file)
}

async function createPerson(userId: UserId, deviceId: DeviceId): Promise<Person> {
  const accountKey = await generateKey('Ed25519')
  const deviceKey = await generateKey('Ed25519')
  const certificate = await certifyDevice({ userId, deviceId, deviceKey, accountKey, now: NOW })
  return { userId, deviceId, accountKey, deviceKey, thumbprint: await thumbprint(accountKey), certificate }
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

/** Alice makes a group, adds bob, makes him an admin too, and he adds carol. */
async function rosterVector({ alice, bob, carol }: { alice: Person; bob: Person; carol: Person }) {
  const plan = [
    { by: alice, op: 'create', member: alice },
    { by: alice, op: 'add', member: bob },
    { by: alice, op: 'admin', member: bob },
    { by: bob, op: 'add', member: carol },
  ] as const
  const events: { by: string; jws: string; hash: string }[] = []
  for (const [epoch, { by, op, member }] of plan.entries()) {
    const claims = {
      ...{ group: 'friends', epoch, prev: events.at(-1)?.hash ?? null, op },
      ...{ member: member.userId, memberAK: member.thumbprint, iat: NOW + 1000 * epoch },
    }
    const jws = await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: profile.signature, typ: typ.roster, kid: by.thumbprint })
      .sign(await useKey(by.accountKey))
    events.push({ by: by.userId, jws, hash: sha256(jws) })
  }
  return {
    group: 'friends',
    events,
    admins: ['alice', 'bob'],
    members: ['alice', 'bob', 'carol'],
    rosterHash: events.at(-1)?.hash,
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2)
  const [folder = 'schema/vectors'] = words.filter(word => word !== '--force')
  try {
    const files = await writeVectors(folder, { force: words.includes('--force') })
    process.stdout.write(`${files.join('\n')}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 3
  }
}
