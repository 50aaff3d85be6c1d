// Argon2id in a thread of its own: a quarter of a second in which somebody may go on typing. JavaScript, because Node runs no
// TypeScript, and to load a compiler into the thread would take longer than what it is for.
import { parentPort } from 'node:worker_threads'
import { argon2id } from 'hash-wasm'

// Deno writes what nobody catches to standard error, which is the person's screen. The other side sees the thread end.
for (const type of ['error', 'unhandledrejection']) {
  globalThis.addEventListener?.(type, event => {
    event.preventDefault()
    process.exit(1)
  })
}

parentPort.once('message', async request => {
  try {
    const stretched = await argon2id({ ...request, hashLength: 32, outputType: 'binary' })
    request.password.fill(0)
    parentPort.postMessage(stretched, [stretched.buffer])
  } catch {
    parentPort.postMessage(null)
  }
})
