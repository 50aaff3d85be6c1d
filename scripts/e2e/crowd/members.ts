import { waitFor } from '../../test/wait-for.ts'
import type { Cluster } from '../faults/cluster.ts'
import { turned } from '../faults/crowd.ts'
import { type Device, makeDevice, marksOf } from '../faults/device.ts'
import { textOf } from '../faults/tally.ts'
import { type Interval, judge, type Stay, type Verdict, type Written } from './judge.ts'

export const GROUP = 'crowd'
const WAIT_MS = 600_000

/** Somebody of the crowd, whether in the group or not. */
export interface Member {
  readonly device: Device
  stay?: Stay
}

/** Makes people with one device each, spread over the servers, all online. */
export async function makeMembers(cluster: Cluster, count: number): Promise<Member[]> {
  const urls = cluster.servers.map(({ url }) => url)
  const members: Member[] = []
  for (let index = 0; index < count; index++) {
    const userId = `member${String(index).padStart(3, '0')}`
    const device = await makeDevice({
      ...{ name: `${userId}/1`, userId, folder: cluster.folder, isInMemory: true },
      servers: turned(urls, index),
    })
    await device.open([turned(urls, index)[0] ?? ''])
    members.push({ device })
  }
  return members
}

export const now = () => performance.now()

/** How long something took. */
export async function timed(work: () => Promise<unknown>): Promise<Interval> {
  const from = now()
  await work()
  return { from, to: now() }
}

/** What somebody is in the group, as their device knows it. */
export async function roleOf({ device }: Member): Promise<string | undefined> {
  const { conversations } = await device.chat().snapshot()
  return conversations.find(({ kind, with: name }) => kind === 'group' && name === GROUP)?.role
}

export async function untilRole(member: Member, role: 'in' | 'gone'): Promise<void> {
  await waitFor(
    async () => {
      const is = await roleOf(member)
      return role === 'gone' ? is === 'gone' : is === 'member' || is === 'admin'
    },
    { what: `${member.device.userId} to be ${role}`, timeoutMs: WAIT_MS, intervalMs: 200 },
  )
}

/** Writes one message to the group and waits until it is on the disks of the database. */
export async function write({ device }: Member, n: number): Promise<Written> {
  const mark = { stream: device.userId, n }
  const from = now()
  const { id } = await device.chat().send({ to: `#${GROUP}`, text: textOf(mark) })
  await untilStored(device, id)
  return { ...mark, at: { from, to: now() } }
}

function untilStored(device: Device, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const chat = device.chat()
    const look = (item: { state?: string; failure?: { message: string } } | null) => {
      if (!item || item.state === 'queued') return
      unsubscribe()
      if (item.state === 'failed') reject(new Error(`Cannot write: ${item.failure?.message}`))
      else resolve()
    }
    const unsubscribe = chat.subscribe(event => {
      if (event.type === 'item' && event.item.id === id && event.item.kind === 'message') look(event.item)
    })
    chat.message({ id }).then(look, reject)
  })
}

/** What one member has, judged. */
export async function verdictOf({ device, stay }: Member, written: readonly Written[]): Promise<Verdict> {
  const lines = await device.lines()
  const never = { join: { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY } }
  return judge(written, { stay: stay ?? never, got: marksOf(lines) })
}
