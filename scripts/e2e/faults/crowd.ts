import { setTimeout as delay } from 'node:timers/promises'
import type { TimelineItem } from '../../../client/chat.ts'
import { waitFor } from '../../test/wait-for.ts'
import { type Device, makeDevice, marksOf } from './device.ts'
import { type Counts, sum, tally, textOf } from './tally.ts'

/** Everybody: users with one or two devices, spread over the servers. */
export interface Crowd {
  readonly devices: readonly Device[]
  close(): Promise<void>
}

/** A place where messages arrive and that is counted; a device, or the home of a real client process. */
export interface Recipient {
  readonly userId: string
  lines(): Promise<TimelineItem[]>
}

/** Every fifth user has a second device, on another server than the first. */
const SECOND_DEVICE_EVERY = 5
/** How many people everybody writes to. */
const FRIENDS = 3
const POLL_MS = 500

export async function createCrowd(
  cluster: { readonly folder: string; readonly servers: readonly { readonly url: string }[] },
  { users }: { users: number },
): Promise<Crowd> {
  const urls = cluster.servers.map(({ url }) => url)
  const devices: Device[] = []
  const add = async (index: number, of?: Device) => {
    const userId = `user${String(index).padStart(2, '0')}`
    const name = `${userId}/${of ? 2 : 1}`
    const device = await makeDevice({ name, userId, folder: cluster.folder, servers: urls, of })
    devices.push(device)
    await device.open(turned(urls, of ? index + 1 : index))
    return device
  }
  for (let index = 0; index < users; index++) {
    const first = await add(index)
    if (index % SECOND_DEVICE_EVERY === 0) await add(index, first)
  }
  await untilOnline(devices)
  return {
    devices,
    close: async () => {
      await Promise.all(devices.map(device => device.close()))
    },
  }
}

/** The same addresses, another one first. */
export function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

export async function untilOnline(devices: readonly Device[], timeoutMs = 60_000): Promise<void> {
  for (const device of devices) {
    await waitFor(async () => (await device.chat().snapshot()).connection.state === 'online', {
      what: `${device.name} to be online`,
      timeoutMs,
    })
  }
}

/** Messages that everybody writes to their friends at the same time. */
export class Burst {
  /** Of each stream: who wrote it, who has to get it, how much there is. */
  readonly #streams = new Map<string, { by: Device; to: string; written: number }>()
  readonly #label: string
  readonly #devices: readonly Device[]
  readonly #others: readonly Recipient[]
  readonly #receivedBefore: number
  readonly #total: number
  readonly #refused: unknown[] = []
  readonly #everyMs: number
  #written = 0

  /**
   * @param others recipients beyond the crowd, to whom everybody writes too
   * @param everyMs each device begins a message so long after the one before; default: as soon as that one is written
   */
  constructor(
    crowd: Crowd,
    {
      label,
      messages,
      others = [],
      everyMs = 0,
    }: { label: string; messages: number; others?: readonly Recipient[]; everyMs?: number },
  ) {
    this.#label = label
    this.#devices = crowd.devices
    this.#others = others
    this.#total = messages
    this.#everyMs = everyMs
    this.#receivedBefore = this.#received()
  }

  /** Messages whose `send` has resolved so far. */
  get written(): number {
    return this.#written
  }

  /** What sending threw: nothing but a full disk may make it so. */
  get refused(): readonly unknown[] {
    return this.#refused
  }

  /** Writes everything; each device its share, one after the other, all devices side by side. */
  async write(): Promise<void> {
    const users = [...new Set(this.#devices.map(({ userId }) => userId))]
    const startedAt = performance.now()
    const shares = this.#devices.map((_, index) => share(this.#total, { of: this.#devices.length, index }))
    await Promise.all(
      this.#devices.map(async (device, index) => {
        const own = users.indexOf(device.userId)
        const friends = Array.from(
          { length: FRIENDS },
          (_, step) => users[(own + 1 + step * 3) % users.length],
        )
        const to = [...friends, ...this.#others.map(({ userId }) => userId)].filter(
          (user): user is string => user !== undefined && user !== device.userId,
        )
        for (let n = 0; n < (shares[index] ?? 0); n++) {
          await this.#untilTurn(startedAt + (n + index / this.#devices.length) * this.#everyMs)
          await this.#send(device, to[n % to.length] ?? '')
        }
      }),
    )
  }

  async #send(by: Device, to: string): Promise<void> {
    const key = `${this.#label} ${by.name} > ${to}`
    const stream = this.#streams.get(key) ?? { by, to, written: 0 }
    this.#streams.set(key, stream)
    try {
      await by.send(to, textOf({ stream: key, n: stream.written + 1 }))
      stream.written++
      this.#written++
    } catch (error) {
      this.#refused.push(error)
    }
    // The others take their turn, and what comes in is read.
    await new Promise(resolve => setImmediate(resolve))
  }

  async #untilTurn(at: number): Promise<void> {
    const waitMs = at - performance.now()
    if (this.#everyMs > 0 && waitMs > 0) await delay(waitMs)
  }

  /** Waits until about this part (0 to 1) of what is written has come to somebody: the middle of the burst. */
  async reached(part: number): Promise<void> {
    const wanted = this.#total * part
    await waitFor(() => this.#received() - this.#receivedBefore >= wanted, {
      what: `${Math.round(part * 100)} % of burst "${this.#label}" to have come`,
      timeoutMs: 60_000,
      intervalMs: 5,
    })
  }

  /** Notices at everybody of messages that are missing. */
  async gaps(): Promise<number> {
    return (await this.#countNow()).gaps
  }

  /**
   * Waits until everybody has everything, or nothing more has come for `stallMs`, then counts.
   */
  async count({ stallMs }: { stallMs: number }): Promise<Counts & { gaps: number }> {
    let heard = -1
    let best = -1
    let changedAt = performance.now()
    for (;;) {
      // To read all that everybody has is work: it is done when something has come, and when nothing comes any more.
      const isStalled = performance.now() - changedAt > stallMs
      if (this.#arrived() !== heard || this.#others.length > 0 || isStalled) {
        heard = this.#arrived()
        const { counts, gaps } = await this.#countNow()
        const got = counts.expected - counts.lost
        if (got > best) changedAt = performance.now()
        best = Math.max(best, got)
        if (counts.lost === 0 || isStalled) return { ...counts, gaps }
      }
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  async #countNow(): Promise<{ counts: Counts; gaps: number }> {
    const all: Counts[] = []
    let gaps = 0
    for (const recipient of [...this.#devices, ...this.#others]) {
      const lines = await recipient.lines()
      all.push(tally(this.#expectedOf(recipient), marksOf(lines)))
      gaps += lines.filter(line => line.kind === 'notice' && line.notice.type === 'gap').length
    }
    return { counts: sum(all), gaps }
  }

  /** A device gets what is sent to its user, and what other devices of its user send; it has what it sent itself. */
  #expectedOf(recipient: Recipient): Map<string, number> {
    const expected = new Map<string, number>()
    for (const [key, { by, to, written }] of this.#streams) {
      if (to === recipient.userId || by.userId === recipient.userId) expected.set(key, written)
    }
    return expected
  }

  /** All that has entered the timelines, what comes from one's own other devices too. */
  #arrived(): number {
    return this.#devices.reduce((total, { arrived }) => total + arrived, 0)
  }

  #received(): number {
    return this.#devices.reduce((total, { received }) => total + received, 0)
  }
}

function share(total: number, { of, index }: { of: number; index: number }): number {
  return Math.floor(total / of) + (index < total % of ? 1 : 0)
}
