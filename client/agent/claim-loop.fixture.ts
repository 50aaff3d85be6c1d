/**
 * A process that wants an account again and again: `claim-loop.fixture.ts <folder> <log> <rounds> [dies]`. It writes
 * `+<pid>` to the log when it has become the owner and `-<pid>` before it gives the account up; with `dies`, it is killed
 * as the owner instead of a last giving up, after writing `x<pid>`.
 */
import { appendFileSync } from 'node:fs'
import { claim } from './claim.ts'

const [folder = '', log = '', rounds = '1', dies] = process.argv.slice(2)
for (let won = 0; won < Number(rounds); ) {
  const claimed = await claim(folder)
  if (!claimed.owner) {
    const { socket } = claimed
    await new Promise<void>(resolve => {
      socket.on('error', () => undefined)
      if (socket.closed) resolve()
      socket.on('close', () => resolve())
      socket.resume()
    })
    continue
  }
  won++
  appendFileSync(log, `+${process.pid}\n`)
  await new Promise(resolve => setTimeout(resolve, 2))
  if (dies && won === Number(rounds)) {
    appendFileSync(log, `x${process.pid}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  appendFileSync(log, `-${process.pid}\n`)
  await claimed.release()
}
// On Deno a server that was closed while somebody connected may keep the process; `fastchat` ends by this, too.
process.exit(0)
