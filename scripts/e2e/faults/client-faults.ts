import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TimelineItem } from '../../../client/chat.ts'
import { openHome } from '../../../client/home/home-folder.ts'
import type { Transport } from '../../../client/net/transport.ts'
import { openTables } from '../../../client/session/records.ts'
import { readConversations, readHistory } from '../../../client/session/timeline.ts'
import { openStore } from '../../../client/store/lmdb-store.ts'
import type { SendFrame } from '../../../schema/frames.ts'
import { currentRuntime } from '../../test/runtimes.ts'
import { waitFor } from '../../test/wait-for.ts'
import { type Program, runProgram, startProgram } from '../program.ts'
import { type Recipient, turned } from './crowd.ts'
import { realTransport } from './device.ts'
import { duringBurst, type Fault } from './fault.ts'
import { createTcpProxy, type Passage } from './tcp-proxy.ts'

/** Two of each kind. */
const KILLS = 6
const PRINT_TIMEOUT_MS = 12_000
const FROZEN_MS = 1_500
const IN_FLOW_MS = 150
/** Frames that are sent once more by a connection that follows: no more than a socket may have unanswered. */
const REPLAYED = 100

/** What happens to clients. */
export const clientFaults: readonly Fault[] = [
  {
    name: 'kill-client',
    what: 'kill -9 of a client process between receive and ack, six times: in full flow, frozen while more comes, and with its acks held back',
    async run(scene) {
      const [server] = scene.cluster.servers
      if (!server) throw new Error('Cannot kill a client: there is no server')
      const proxy = await createMutableProxy(server.url)
      const victim = await createVictim(scene.cluster.folder, proxy.url)
      let last: Program | undefined
      try {
        return await duringBurst(scene, {
          label: 'kill-client',
          others: [victim],
          async breakIt() {
            for (let kill = 0; kill < KILLS; kill++) {
              const program = victim.listen()
              await untilPrinted(program, 5)
              if (kill % 3 === 1) {
                // What comes now reaches the machine, and the process never reads it.
                process.kill(program.pid, 'SIGSTOP')
                await delay(FROZEN_MS)
              } else if (kill % 3 === 2) {
                proxy.mute(true)
                await untilPrinted(program, linesOf(program) + 5)
              } else {
                // Acks are gathered for a moment: not right behind them, but before the next line is printed.
                await delay(IN_FLOW_MS)
              }
              await program.stop('SIGKILL')
              proxy.mute(false)
            }
            last = victim.listen()
          },
        })
      } finally {
        await last?.stop()
        await proxy.close()
      }
    },
  },
  {
    name: 'send-twice',
    what: 'every frame with a message sent twice, and again by the connections that follow, after delivery too',
    async run(scene) {
      const { devices } = scene.crowd
      const urls = scene.cluster.servers.map(({ url }) => url)
      for (const [index, device] of devices.entries()) {
        await device.close()
        await device.open(turned(urls, index), { transport: createRepeater() })
      }
      const outcome = await duringBurst(scene, {
        label: 'send-twice',
        async breakIt(burst) {
          for (const [index, server] of scene.cluster.servers.entries()) {
            await burst.reached(Math.min(0.9, 0.2 + index * 0.15))
            await server.kill()
            await server.start()
          }
        },
      })
      for (const [index, device] of devices.entries()) {
        await device.close()
        await device.open(turned(urls, index))
      }
      return outcome
    },
  },
]

/** A network that brings everything more than once. */
function createRepeater(): Transport {
  const sent: SendFrame[] = []
  return {
    api: realTransport.api,
    async openSocket(request) {
      const socket = await realTransport.openSocket(request)
      for (const frame of sent.slice(-REPLAYED)) socket.send(frame)
      return {
        send(frame) {
          socket.send(frame)
          if (frame.t !== 'send') return
          socket.send(frame)
          sent.push(frame)
        },
        close: () => socket.close(),
      }
    },
  }
}

interface Victim extends Recipient {
  /** Starts `fastchat recv --follow`. */
  listen(): Program
}

/** Somebody whose client is a process of its own. */
async function createVictim(folder: string, server: string): Promise<Victim> {
  const userId = `victim-${randomBytes(3).toString('hex')}`
  const home = join(folder, userId)
  const env = {
    FASTCHAT_HOME: home,
    FASTCHAT_PASSWORD: randomBytes(12).toString('hex'),
    FASTCHAT_SERVERS: server,
  }
  const done = await runProgram(currentRuntime(), ['signup', userId], { env })
  if (done.code !== 0) throw new Error(`Cannot sign up ${userId}: ${done.stderr}`)
  return {
    userId,
    listen: () => startProgram(currentRuntime(), ['recv', '--follow', '--json'], { env }),
    lines: () => readHome(home, userId),
  }
}

/** What a home holds, read beside the process that it belongs to. */
async function readHome(home: string, userId: string): Promise<TimelineItem[]> {
  const files = await (await openHome({ folder: home })).account(userId)
  const storageKey = await files?.readStorageKey()
  if (!files || !storageKey) throw new Error(`Cannot read home of ${userId}: it is not there`)
  const store = openStore({ folder: files.folder, storageKey })
  try {
    const tables = openTables(store)
    return readConversations(tables).flatMap(({ id: conversation }) =>
      readHistory(tables, { conversation, limit: Number.MAX_SAFE_INTEGER }),
    )
  } finally {
    await store.close()
  }
}

function linesOf(program: Program): number {
  return program.stdout().split('\n').length - 1
}

/** Waits for so many messages; when they do not come, because they are lost, the count will say so. */
async function untilPrinted(program: Program, count: number): Promise<void> {
  const hasCome = waitFor(() => linesOf(program) >= count, { what: 'messages', timeoutMs: PRINT_TIMEOUT_MS })
  await hasCome.catch(() => undefined)
}

/** A way to a server on which the client hears and is not heard while it is mute. */
async function createMutableProxy(url: string) {
  const { hostname, port } = new URL(url)
  let isMute = false
  let held: { bytes: Buffer; passage: Passage }[] = []
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) }, () => ({
    toTarget(bytes, passage) {
      if (isMute) held.push({ bytes, passage })
      else passage.target.write(bytes)
    },
  }))
  return {
    url: `ws://127.0.0.1:${proxy.port}`,
    close: () => proxy.close(),
    mute(value: boolean) {
      isMute = value
      if (isMute) return
      for (const { bytes, passage } of held) if (passage.target.writable) passage.target.write(bytes)
      held = []
    },
  }
}
