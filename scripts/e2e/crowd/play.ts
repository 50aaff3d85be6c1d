import { createCluster } from '../faults/cluster.ts'
import type { Interval, Verdict, Written } from './judge.ts'
import { GROUP, type Member, makeMembers, timed, untilRole, verdictOf, write } from './members.ts'

export interface CrowdSize {
  members: number
  servers: number
  messages: number
  /** How many write, all at the same time. Default: a tenth of the members. */
  writers: number
  /** How many come, how many leave, and how many are removed while the others write. */
  come: number
  leave: number
  removed: number
}

export interface CrowdOutcome extends Verdict {
  members: number
  written: number
  deliveries: number
  defects: number
  seconds: number
}

const STALL_MS = 60_000
const POLL_MS = 1_000

/**
 * A group of many over many servers: some write all the time while others come, leave and are removed. Then everybody
 * has what they must have, exactly once and in order, and nobody has what was not for them.
 */
export async function playCrowd(size: CrowdSize, say: (line: string) => void): Promise<CrowdOutcome> {
  const startedAt = performance.now()
  const cluster = await createCluster({ servers: size.servers })
  const everybody: Member[] = []
  try {
    everybody.push(...(await makeMembers(cluster, size.members + size.come)))
    say(`${everybody.length} people are online at ${size.servers} servers`)
    const inside = everybody.slice(0, size.members)
    const outside = everybody.slice(size.members)
    const admin = await makeGroup(inside)
    say(`the group of ${inside.length} is known to all of its members`)
    const written: Written[] = []
    const writers = inside.slice(0, size.writers)
    const isDone = { value: false }
    const tell = () => {
      const tenth = Math.max(1, Math.floor(size.messages / 10))
      if (written.length % tenth === 0) say(`${written.length} messages are stored`)
    }
    const writing = writeAll(writers, { messages: size.messages, written, tell }).finally(() => {
      isDone.value = true
    })
    const churning = churn(admin, {
      ...{ size, outside, written, isDone },
      leaving: inside.slice(size.writers, size.writers + size.leave),
      removed: inside.slice(size.writers + size.leave, size.writers + size.leave + size.removed),
    })
    await Promise.all([writing, churning])
    say(`all is written; ${size.come} came, ${size.leave} left, ${size.removed} were removed`)
    const verdict = await untilComplete(everybody, written)
    const defects = everybody.reduce((sum, { device }) => sum + device.defects.length, 0)
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    const deliveries = verdict.expected
    return { ...verdict, members: everybody.length, written: written.length, deliveries, defects, seconds }
  } finally {
    await Promise.all(everybody.map(({ device }) => device.close()))
    await cluster.close()
  }
}

async function makeGroup(inside: readonly Member[]): Promise<Member> {
  const [admin, ...others] = inside
  if (!admin) throw new Error('Cannot play: a group needs somebody')
  const members = others.map(({ device }) => device.userId)
  const made = await timed(() =>
    admin.device.chat().createGroup({ group: GROUP, title: 'The crowd', members }),
  )
  for (const member of inside) {
    member.stay = { join: made }
    await untilRole(member, 'in')
  }
  return admin
}

async function writeAll(
  writers: readonly Member[],
  { messages, written, tell }: { messages: number; written: Written[]; tell: () => void },
): Promise<void> {
  await Promise.all(
    writers.map(async (writer, index) => {
      const own = Math.floor(messages / writers.length) + (index < messages % writers.length ? 1 : 0)
      for (let n = 1; n <= own; n++) {
        written.push(await write(writer, n))
        tell()
      }
    }),
  )
}

/** Membership changes, spread over the time in which the others write. */
async function churn(
  admin: Member,
  {
    size,
    outside,
    leaving,
    removed,
    written,
    isDone,
  }: {
    size: CrowdSize
    outside: readonly Member[]
    leaving: readonly Member[]
    removed: readonly Member[]
    written: readonly Written[]
    isDone: { value: boolean }
  },
): Promise<void> {
  const chat = admin.device.chat()
  const steps = [
    ...outside.map(member => async () => {
      member.stay = {
        join: await timed(() => chat.addMembers({ group: GROUP, members: [member.device.userId] })),
      }
    }),
    ...leaving.map(member => async () => {
      end(member, await timed(() => member.device.chat().leaveGroup({ group: GROUP })))
    }),
    ...removed.map(member => async () => {
      end(member, await timed(() => chat.removeMembers({ group: GROUP, members: [member.device.userId] })))
    }),
  ]
  // Mixed, the same way each time.
  const order = steps.map((step, index) => ({ step, at: (index * 7) % steps.length }))
  const mixed = order.sort((a, b) => a.at - b.at).map(({ step }) => step)
  for (const [index, step] of mixed.entries()) {
    const due = (size.messages * (index + 1)) / (mixed.length + 2)
    while (written.length < due && !isDone.value) await new Promise(resolve => setTimeout(resolve, 20))
    await step()
  }
}

function end(member: Member, at: Interval): void {
  if (member.stay) member.stay = { ...member.stay, end: at }
}

/** Judges again and again until nothing is missing, or nothing more has come for a while. */
async function untilComplete(everybody: readonly Member[], written: readonly Written[]): Promise<Verdict> {
  let best = Number.POSITIVE_INFINITY
  let changedAt = performance.now()
  for (;;) {
    const verdicts = []
    for (const member of everybody) verdicts.push(await verdictOf(member, written))
    const total = sum(verdicts)
    if (total.lost < best) changedAt = performance.now()
    best = Math.min(best, total.lost)
    if (total.lost === 0 || performance.now() - changedAt > STALL_MS) return total
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

function sum(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce(
    (total, each) => ({
      expected: total.expected + each.expected,
      lost: total.lost + each.lost,
      duplicated: total.duplicated + each.duplicated,
      disordered: total.disordered + each.disordered,
      leaked: total.leaked + each.leaked,
    }),
    { expected: 0, lost: 0, duplicated: 0, disordered: 0, leaked: 0 },
  )
}

export function isClean({ lost, duplicated, disordered, leaked, defects }: CrowdOutcome): boolean {
  return lost + duplicated + disordered + leaked + defects === 0
}
