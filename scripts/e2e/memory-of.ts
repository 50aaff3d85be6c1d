import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/**
 * `node memory-of.ts PID`: writes all readable and writable memory of a process to standard output (proc(5)). A program
 * of its own, run on Node, since Deno lets nobody read /proc short of `--allow-all`.
 */
const CHUNK_BYTES = 1 << 20
const pid = Number(process.argv[2])
const maps = readFileSync(`/proc/${pid}/maps`, 'latin1')
const memory = openSync(`/proc/${pid}/mem`, 'r')
for (const line of maps.split('\n')) {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
  if (from !== undefined && to !== undefined) await copy(Number.parseInt(from, 16), Number.parseInt(to, 16))
}
closeSync(memory)

async function copy(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += CHUNK_BYTES) {
    const part = Buffer.alloc(Math.min(CHUNK_BYTES, to - at))
    try {
      const got = readSync(memory, part, 0, part.length, at)
      const read = part.subarray(0, got)
      if (!read.every(byte => byte === 0) && !process.stdout.write(read)) {
        await new Promise(resolve => process.stdout.once('drain', resolve))
      }
    } catch {
      // A page that was never touched cannot be read: it holds nothing.
    }
  }
}
