import { type ServerNode, untilReady } from './cluster.ts'
import { turned, untilOnline } from './crowd.ts'
import type { Device } from './device.ts'
import { duringBurst, type Fault, type Scene } from './fault.ts'

const HOUR_MS = 60 * 60 * 1000

/** What happens to servers. */
export const serverFaults: readonly Fault[] = [
  {
    name: 'kill-server',
    what: 'kill -9 of every server, one after the other, each started again',
    run: scene =>
      duringBurst(scene, {
        label: 'kill-server',
        async breakIt(burst) {
          for (const [index, server] of scene.cluster.servers.entries()) {
            await burst.reached(0.05 + index * 0.15)
            await server.kill()
            await server.start()
          }
        },
      }),
  },
  {
    name: 'rolling-restart',
    what: 'SIGTERM to every server, one after the other, each started again',
    async run(scene) {
      const codes: (number | null)[] = []
      const outcome = await duringBurst(scene, {
        label: 'rolling-restart',
        async breakIt() {
          for (const server of scene.cluster.servers) {
            codes.push((await server.stop()).code)
            await server.start()
          }
        },
      })
      if (codes.every(code => code === 0)) return outcome
      return { ...outcome, isWrong: true, notes: [...outcome.notes, `exit codes ${codes.join(', ')}`] }
    },
  },
  {
    name: 'clock-off',
    what: 'the clock of one server an hour fast, of another an hour slow, from before the burst on',
    async run(scene) {
      const [fast, slow] = scene.cluster.servers
      if (!fast || !slow) throw new Error('Cannot put clocks wrong: two servers are needed')
      await restart(fast, { clockOffMs: HOUR_MS })
      await restart(slow, { clockOffMs: -HOUR_MS })
      const moved = scene.crowd.devices.slice(0, 6)
      for (const [index, device] of moved.entries()) await move(device, index % 2 === 0 ? fast : slow)
      const outcome = await duringBurst(scene, {
        label: 'clock-off',
        // New clients come while it lasts: they log in by that clock.
        async breakIt() {
          for (const [index, device] of scene.crowd.devices.slice(6, 10).entries())
            await move(device, index % 2 === 0 ? fast : slow)
        },
      })
      const there = await countAt(scene, [fast, slow])
      await restart(fast)
      await restart(slow)
      return { ...outcome, notes: [...outcome.notes, `${there} devices were there`], isWrong: there < 6 }
    },
  },
  {
    name: 'move',
    what: 'recipients that go from server to server while they are being written to',
    run: scene =>
      duringBurst(scene, {
        label: 'move',
        async breakIt() {
          const { servers } = scene.cluster
          for (let round = 1; round <= 4; round++) {
            const movers = scene.crowd.devices.filter((_, index) => index % 3 === round % 3)
            await Promise.all(movers.map((device, index) => move(device, ...turned(servers, index + round))))
          }
        },
      }),
  },
  {
    name: 'two-devices',
    what: 'users whose two devices are on two servers, of which one is killed',
    async run(scene) {
      const { servers } = scene.cluster
      const second = scene.crowd.devices.filter(({ name }) => name.endsWith('/2'))
      const first = scene.crowd.devices.filter(device =>
        second.some(other => other !== device && other.userId === device.userId),
      )
      const [here, there] = servers
      if (!here || !there) throw new Error('Cannot part devices: two servers are needed')
      for (const device of first) await move(device, here)
      for (const device of second) await move(device, there)
      const isParted = (await countAt(scene, [there], second)) === second.length
      const outcome = await duringBurst(scene, {
        label: 'two-devices',
        async breakIt(burst) {
          await there.kill()
          await burst.reached(0.5)
          await there.start()
        },
      })
      const notes = [...outcome.notes, `${second.length} users with two`]
      return { ...outcome, notes, isWrong: outcome.isWrong === true || !isParted || second.length === 0 }
    },
  },
]

async function restart(server: ServerNode, options: { clockOffMs?: number } = {}): Promise<void> {
  await server.stop()
  await server.start(options)
  await untilReady(server)
}

/** Ends the device's session and begins another at the first of these servers. */
async function move(device: Device, ...servers: ServerNode[]): Promise<void> {
  await device.close()
  await device.open(servers.map(({ url }) => url))
  await untilOnline([device])
}

async function countAt(scene: Scene, servers: readonly ServerNode[], devices = scene.crowd.devices) {
  const urls = servers.map(({ url }) => url)
  let count = 0
  for (const device of devices) {
    const { connection } = await device.chat().snapshot()
    if (connection.state === 'online' && urls.includes(connection.server)) count++
  }
  return count
}
