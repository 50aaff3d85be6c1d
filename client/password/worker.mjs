// Guesses at passwords in a thread of its own: its word lists take a moment to load, and a guess may take long, while the
// person goes on typing. It is JavaScript because Node runs no TypeScript.
import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english, translations } from '@zxcvbn-ts/language-en'

// Deno writes what nobody catches to standard error, which is the person's screen. The other side sees the thread end.
for (const type of ['error', 'unhandledrejection']) {
  globalThis.addEventListener?.(type, event => {
    event.preventDefault()
    process.exit(1)
  })
}

const zxcvbn = new ZxcvbnFactory({
  translations,
  graphs: adjacencyGraphs,
  dictionary: { ...common, ...english },
})

parentPort.on('message', ({ password, known }) => {
  const { score, feedback } = zxcvbn.check(password, known)
  parentPort.postMessage({ score, hint: feedback.warning ?? feedback.suggestions[0] ?? '' })
})
parentPort.postMessage('ready')
