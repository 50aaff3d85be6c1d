import { performance } from 'node:perf_hooks'
import { type Cluster, untilReady } from './cluster.ts'
import { Burst, type Crowd, type Recipient, untilOnline } from './crowd.ts'
import type { Counts } from './tally.ts'

/** Where a fault happens: servers, database, people, and how much they write. */
export interface Scene {
  readonly cluster: Cluster
  readonly crowd: Crowd
  readonly messages: number
  /** What has not come when nothing came for so long is lost. */
  readonly stallMs: number
}

export interface Outcome extends Counts {
  /** Notices of messages that are missing, though nothing is. */
  gaps: number
  /** What else is wrong, or worth knowing. */
  notes: string[]
  /** Whether a note tells of something wrong. */
  isWrong?: boolean
}

/** Something that breaks while people write. */
export interface Fault {
  readonly name: string
  readonly what: string
  /** Why it cannot be tried here; undefined when it can. */
  skip?(scene: Pick<Scene, 'cluster'>): string | undefined
  run(scene: Scene): Promise<Outcome>
}

/** Everybody writes; in the middle of it `breakIt` happens; then everything that was written is counted. */
export async function duringBurst(
  { cluster, crowd, messages, stallMs: usualStallMs }: Scene,
  {
    label,
    breakIt,
    from = 0.05,
    mend = async () => undefined,
    others = [],
    stallMs = usualStallMs,
  }: {
    label: string
    breakIt: (burst: Burst) => Promise<void>
    /** How much of the burst has come when `breakIt` is called. */
    from?: number
    /** Done when everything was counted: what `breakIt` broke is well again. */
    mend?: () => Promise<void>
    others?: readonly Recipient[]
    stallMs?: number
  },
): Promise<Outcome> {
  const defectsBefore = countDefects(crowd)
  const burst = new Burst(crowd, { label: `${label} ${Math.round(performance.now())}`, messages, others })
  const gapsBefore = await burst.gaps()
  const writing = burst.write()
  await Promise.all([writing, burst.reached(from).then(() => breakIt(burst))])
  const counted = await burst.count({ stallMs })
  await mend()
  const notes: string[] = []
  const defects = countDefects(crowd) - defectsBefore
  if (defects > 0) notes.push(`${defects} defects reported by clients: ${lastDefect(crowd)}`)
  if (burst.refused.length > 0) notes.push(`${burst.refused.length} not taken: ${burst.refused[0]}`)
  const isWrong = notes.length > 0
  await Promise.all(cluster.servers.map(server => untilReady(server)))
  await untilOnline(crowd.devices)
  return { ...counted, gaps: counted.gaps - gapsBefore, notes, isWrong }
}

function countDefects(crowd: Crowd): number {
  return crowd.devices.reduce((total, { defects }) => total + defects.length, 0)
}

function lastDefect(crowd: Crowd): string {
  const last = crowd.devices.flatMap(({ defects }) => defects).at(-1)
  return last instanceof Error ? (last.stack ?? last.message).split('\n').slice(0, 8).join(' ') : String(last)
}
