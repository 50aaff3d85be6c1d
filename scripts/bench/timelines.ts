import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey, publicEd25519 } from '../../client/crypto/keys.ts'
import { systemClock } from '../../client/net/clock.ts'
import { Cipher } from '../../client/session/cipher.ts'
import { createDevice, type NewDevice, writeDevice } from '../../client/session/device.ts'
import { EarlyChanges } from '../../client/session/early-changes.ts'
import { writeParts } from '../../client/session/history/export.ts'
import { History, type HistoryOptions } from '../../client/session/history/history.ts'
import type { Person } from '../../client/session/records.ts'
import { Search } from '../../client/session/search/search.ts'
import { State } from '../../client/session/state.ts'
import { appendMessage, threadWith } from '../../client/session/timeline.ts'
import { openStore } from '../../client/store/lmdb-store.ts'
import type { Store } from '../../client/store/store.ts'
import type { BlobRef } from '../../schema/content.ts'
import type { Amount } from './catalog.ts'
import { type Measured, watched } from './figures.ts'

const WORDS =
  'the crag on saturday at nine bring rope and coffee we could climb until dusk then eat somewhere near the river maybe train home late'.split(
    ' ',
  )
const PER_TRANSACTION = 500

/** What a person said as the message of this number: some words, and the number itself. */
export function sentence(number: number): string {
  const words = Array.from(
    { length: 6 + (number % 9) },
    (_, at) => WORDS[(number * 7 + at * 5) % WORDS.length],
  )
  return `${words.join(' ')} ${number}`
}

export async function newDevice(): Promise<NewDevice> {
  return await createDevice({
    userId: 'alice',
    accountKey: await generateKey('Ed25519'),
    now: Date.now(),
  })
}

/** Writes people into a store, and conversations with them: one with so many messages, the others with one each. */
export async function fillStore(
  store: Store,
  { device, messages, conversations }: Pick<Amount, 'messages' | 'conversations'> & { device: NewDevice },
): Promise<void> {
  await writeDevice(store, device)
  const cipher = await Cipher.create(device.identity)
  const state = createState(store)
  const people: Person[] = []
  const { x } = publicEd25519(await generateKey('Ed25519'))
  for (let at = 0; at < conversations; at++) {
    const thumbprint = createHash('sha256').update(`${x} ${at}`).digest('base64url')
    const userId = `friend${String(at).padStart(4, '0')}`
    people.push({ userId, thumbprint, conversation: cipher.conversationWith(thumbprint) })
  }
  const [busy] = people
  if (!busy) return
  state.commit(tx => {
    for (const person of people) tx.tables.people.put([person.userId], person)
  })
  const say = (person: Person, number: number) => ({ person, number })
  const said = [
    ...people.slice(1).map(say),
    ...Array.from({ length: messages }, (_, number) => say(busy, number)),
  ]
  for (let at = 0; at < said.length; at += PER_TRANSACTION) {
    state.commit(tx => {
      for (const { person, number } of said.slice(at, at + PER_TRANSACTION)) {
        const from = number % 2 === 0 ? person.userId : 'alice'
        const content = { type: 'text' as const, text: sentence(number) }
        const message = { id: tx.nextId(), from, mine: true, sentAt: tx.now, content, state: 'read' as const }
        appendMessage(tx, { message, thread: threadWith(person) })
      }
    })
  }
}

function createState(store: Store): State {
  return new State({
    store,
    clock: systemClock,
    randomBytes: length => randomBytes(length),
    report: error => {
      throw error
    },
  })
}

/** A store of LMDB in a folder of its own, which is removed in the end. */
async function withStores<T>(work: (open: (name: string) => Store) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-bench-'))
  const stores: Store[] = []
  try {
    return await work(name => {
      const store = openStore({ folder: mkdtempSync(join(folder, name)), storageKey: randomBytes(32) })
      stores.push(store)
      return store
    })
  } finally {
    await Promise.all(stores.map(store => store.close()))
    rmSync(folder, { recursive: true, force: true })
  }
}

export function measureSearch(amount: Amount): Promise<Measured> {
  return withStores(async open => {
    const store = open('alice')
    await fillStore(store, { ...amount, device: await newDevice() })
    // The built program has it at hand; here a compiler would be measured.
    await import('../../client/session/search/shards.ts')
    const search = new Search({ state: createState(store), clock: systemClock })
    const first = await watched(() => search.find({ query: '', limit: 50 }))
    const again = await watched(() => search.find({ query: 'river dusk', limit: 50 }))
    search.stop()
    return { index: first.tookMs, 'index-block': first.blockMs, search: again.tookMs }
  })
}

/** From one store into another one; parts go from hand to hand, without a server between. */
export function measureHistory(amount: Amount): Promise<Measured> {
  return withStores(async open => {
    const device = await newDevice()
    const [from, to] = [open('old'), open('new')]
    await fillStore(from, { ...amount, device })
    const parts: Uint8Array[] = []
    const written = await watched(async () => {
      for await (const { bytes } of writeParts({ state: createState(from) })) parts.push(bytes)
    })
    await writeDevice(to, device)
    const state = createState(to)
    const taken = await watched(() => takeIn(state, { device, parts }))
    return {
      'history-out': written.tookMs,
      'history-out-block': written.blockMs,
      'history-in': taken.tookMs,
      'history-in-block': taken.blockMs,
    }
  })
}

async function takeIn(
  state: State,
  { device, parts }: { device: NewDevice; parts: readonly Uint8Array[] },
): Promise<void> {
  const { identity } = device
  const me = state.tables.people.get([identity.userId])
  if (!me) throw new Error('Cannot take history in: the device is not written')
  const refs = parts.map((_, at) => ({ id: String(at) }) as unknown as BlobRef)
  const never = () => {
    throw new Error('Cannot do that: history is taken in without a server')
  }
  const options = {
    identity,
    state,
    cipher: await Cipher.create(identity),
    early: new EarlyChanges(state),
    people: { ensure: async () => me },
    groups: { get: () => undefined, adoptTitle: never },
    courier: { enqueue: never },
    connection: { request: never },
    files: {
      put: never,
      get: async (ref: BlobRef) => parts[Number((ref as unknown as { id: string }).id)] ?? new Uint8Array(0),
      remove: async () => undefined,
    },
  } as unknown as HistoryOptions
  const id = state.commit(tx => {
    const offer = tx.nextId()
    const record = { id: offer, from: identity.deviceId, parts: refs, messages: 0, conversations: 0 }
    tx.tables.historyOffers.put([offer], record)
    return offer
  })
  await new History(options).answer({ id, isAccepted: true })
}
