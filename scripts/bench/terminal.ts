import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { spawn } from '@lydell/node-pty'
import { thumbprint } from '../../client/crypto/keys.ts'
import { wrapStorageKey } from '../../client/crypto/vault.ts'
import { openHome } from '../../client/home/home-folder.ts'
import { openStore } from '../../client/store/lmdb-store.ts'
import { readMemory } from '../memory.ts'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import type { Amount } from './catalog.ts'
import { type Measured, quantile } from './figures.ts'
import { fillStore, newDevice } from './timelines.ts'

const PROGRAM = fileURLToPath(new URL('../fastchat.ts', import.meta.url))
const LOOK_MS = 30_000
/** Between two keys. */
const REST_MS = 35
const PAGE_UP = '\x1b[5~'
/** A page of other lines is more than this. */
const PAGE_CHARS = 400
const CTRL_F = '\x06'
const [COLS, ROWS] = [100, 30]

/** The program in a pseudo-terminal, seen by what it writes and when. */
class Program {
  readonly #pty: ReturnType<typeof spawn>
  readonly #startedAt = performance.now()
  #output = ''
  #waiting: { is: () => boolean; done: (ms: number) => void } | undefined

  constructor(home: string) {
    const { command, args } = spawnArgs(currentRuntime(), PROGRAM, ['chat'])
    const env: Record<string, string> = {
      ...Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined)),
      FASTCHAT_HOME: home,
      // Nobody is there: what is measured is the screen, not a network.
      FASTCHAT_SERVERS: 'ws://127.0.0.1:9',
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
    } as Record<string, string>
    this.#pty = spawn(command, args, { cols: COLS, rows: ROWS, name: 'xterm-256color', env })
    this.#pty.onData(data => {
      this.#output += data
      const waiting = this.#waiting
      if (!waiting?.is()) return
      this.#waiting = undefined
      waiting.done(performance.now())
    })
  }

  get pid(): number {
    return this.#pty.pid
  }

  /** @returns ms since the start when a text was written */
  async until(text: string): Promise<number> {
    return (await this.#next(() => this.#output.includes(text), text)) - this.#startedAt
  }

  /** @returns ms from the bytes until what they do is drawn; the program also says things by itself, such as a clock's */
  async press(bytes: string, isDrawn = (output: string) => output.includes(bytes)): Promise<number> {
    await delay(REST_MS)
    this.#output = ''
    const from = performance.now()
    const drawn = this.#next(() => isDrawn(this.#output), JSON.stringify(bytes))
    this.#pty.write(bytes)
    return (await drawn) - from
  }

  write(bytes: string): void {
    this.#pty.write(bytes)
  }

  close(): void {
    this.#pty.kill('SIGKILL')
  }

  #next(is: () => boolean, what: string): Promise<number> {
    if (is()) return Promise.resolve(performance.now())
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`Cannot see ${what} on the screen: ${JSON.stringify(this.#output.slice(-500))}`))
      }, LOOK_MS)
      this.#waiting = {
        is,
        done: at => {
          clearTimeout(late)
          resolve(at)
        },
      }
    })
  }
}

/** A home as a long use leaves it, and the real program over it. */
export async function measureTerminal(amount: Amount): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-bench-'))
  try {
    await makeHome(folder, amount)
    // Builds what Node runs, which is done once after an update.
    await start(folder, amount).then(({ program }) => program.close())
    const { program, startMs, chatMs } = await start(folder, amount)
    try {
      const keys = await repeat(amount.keys, at => program.press('QWXYZ'[at % 5] ?? 'Q'))
      const pages = await repeat(Math.min(amount.keys, Math.floor(amount.messages / 60)), () =>
        program.press(PAGE_UP, output => output.length > PAGE_CHARS),
      )
      const memory = await readMemory([program.pid])
      program.write(CTRL_F)
      await delay(REST_MS)
      program.write(CTRL_F)
      const indexing = await repeat(Math.min(40, amount.keys), at =>
        program.press('riverdusk'[at % 9] ?? 'r'),
      )
      return {
        start: startMs,
        'start-chat': chatMs,
        'key-p50': quantile(keys, 0.5),
        'key-p99': quantile(keys, 0.99),
        'scroll-p50': quantile(pages, 0.5),
        'scroll-p99': quantile(pages, 0.99),
        'search-key-p99': quantile(indexing, 0.99),
        memory: (memory.get(program.pid)?.totalBytes ?? 0) / 2 ** 20,
      }
    } finally {
      program.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function start(
  home: string,
  { messages }: Amount,
): Promise<{ program: Program; startMs: number; chatMs: number }> {
  const program = new Program(home)
  const startMs = await program.until('╌╌╌╌')
  // The number at the end of the newest message; blanks between words may not be written again.
  return { program, startMs, chatMs: await program.until(String(messages - 1)) }
}

async function makeHome(folder: string, amount: Amount): Promise<void> {
  const home = await openHome({ folder })
  const device = await newDevice()
  const { userId, accountKey } = device.identity
  const storageKey = randomBytes(32)
  await home.create({
    userId,
    storageKey,
    lock: {
      version: 1,
      userId,
      accountKey: await thumbprint(accountKey),
      wrapped: await wrapStorageKey(storageKey, { userId, accountKey: accountKey }),
    },
    fill: async path => {
      const store = openStore({ folder: path, storageKey })
      try {
        await fillStore(store, { ...amount, device })
      } finally {
        await store.close()
      }
    },
  })
}

async function repeat(count: number, press: (at: number) => Promise<number>): Promise<number[]> {
  const taken: number[] = []
  for (let at = 0; at < count; at++) taken.push(await press(at))
  return taken
}
