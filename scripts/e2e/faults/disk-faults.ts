import { setTimeout as delay } from 'node:timers/promises'
import { waitFor } from '../../test/wait-for.ts'
import { createCluster } from './cluster.ts'
import { createCrowd, untilOnline } from './crowd.ts'
import { makeDevice } from './device.ts'
import { duringBurst, type Fault, type Outcome, type Scene } from './fault.ts'
import { createSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.ts'

/** A new database takes a few MiB; the messages of a burst are far less than the rest. */
const DATABASE_DISK_MIB = 48
const HOME_DISK_MIB = 16
const SETTLED_MS = 3_000

/** What happens when there is no room. */
export const diskFaults: readonly Fault[] = [
  {
    name: 'full-database',
    what: 'the disk of the database is full for a while, in which the database is killed: nothing is called stored that is not',
    skip: ({ cluster }) =>
      cluster.database ? whyNoSmallDisk() : 'the disk of MONGODB_URI is not ours to fill',
    run: scene => onDisk(DATABASE_DISK_MIB, disk => fillDatabase(scene, disk)),
  },
  {
    name: 'full-home',
    what: 'the disk of a client is full for a while: it says so, acks nothing, and has everything once there is room',
    skip: () => whyNoSmallDisk(),
    run: scene => onDisk(HOME_DISK_MIB, disk => fillHome(scene, disk)),
  },
]

async function onDisk(sizeMiB: number, work: (disk: SmallDisk) => Promise<Outcome>): Promise<Outcome> {
  const disk = createSmallDisk({ sizeMiB })
  try {
    return await work(disk)
  } finally {
    disk.close()
  }
}

/** A cluster of its own, whose database is on the small disk. */
async function fillDatabase({ messages, stallMs }: Scene, disk: SmallDisk): Promise<Outcome> {
  const cluster = await createCluster({ servers: 2, dataDir: `${disk.folder}/db` })
  try {
    const crowd = await createCrowd(cluster, { users: 8 })
    const queued = async () => {
      const all = await Promise.all(crowd.devices.map(device => device.chat().snapshot()))
      return all.reduce((total, snapshot) => total + snapshot.queued, 0)
    }
    let refusals = 0
    const outcome = await duringBurst(
      { cluster, crowd, messages, stallMs },
      {
        label: 'full-database',
        // From the first message on: what a database has freed within its file takes many of them.
        from: 0,
        async breakIt(burst) {
          disk.fill()
          await waitFor(() => burst.written === messages, { what: 'all to be written', timeoutMs: 120_000 })
          refusals = await settled(queued)
          await cluster.database?.kill()
          disk.free()
          await cluster.database?.start()
        },
      },
    )
    await crowd.close()
    const notes = [...outcome.notes, `${refusals} messages waited for room`]
    return { ...outcome, notes, isWrong: outcome.isWrong === true || refusals === 0 }
  } finally {
    await cluster.close()
  }
}

/** One more user, whose home is on the small disk. */
async function fillHome(scene: Scene, disk: SmallDisk): Promise<Outcome> {
  const urls = scene.cluster.servers.map(({ url }) => url)
  const userId = `tight-${Math.floor(performance.now())}`
  const device = await makeDevice({ name: `${userId}/1`, userId, folder: disk.folder, servers: urls })
  await device.open(urls)
  await untilOnline([device])
  let said: unknown
  try {
    const outcome = await duringBurst(scene, {
      label: 'full-home',
      others: [device],
      async breakIt(burst) {
        await waitFor(() => device.received > 0, { what: 'the first message to come', timeoutMs: 60_000 })
        disk.fill()
        const filledAt = device.received
        said = await device
          .chat()
          .send({ to: 'user00', text: 'x'.repeat(60_000) })
          .then(
            () => 'nothing',
            error => (error as { code?: string }).code,
          )
        await burst.reached(0.8)
        disk.free()
        await waitFor(() => device.received > filledAt, {
          what: 'more to come once there is room',
          timeoutMs: 60_000,
        })
      },
    })
    const isSaid = said === 'disk_full'
    const notes = [...outcome.notes, `\`send\` said ${said}`]
    return { ...outcome, notes, isWrong: outcome.isWrong === true || !isSaid }
  } finally {
    await device.close()
  }
}

/** Waits until a number stays what it is: nothing is stored any more. */
async function settled(count: () => Promise<number>): Promise<number> {
  for (let before = -1, now = await count(); ; before = now, now = await count()) {
    if (now === before) return now
    await delay(SETTLED_MS)
  }
}
