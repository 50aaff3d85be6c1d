import { FastChatError } from '../../schema/errors.ts'
import { truncate } from '../tui/width.ts'
import { Interrupted, type Io, OutputClosed } from './io.ts'

/** This process's own standard streams. */
export function createProcessIo(): Io {
  const { stdin, stdout, stderr } = process
  let outputError: Error | undefined
  // Without a listener, EPIPE would end the process with a stack trace.
  stdout.on('error', error => {
    outputError ??= error
  })
  stderr.on('error', () => undefined)
  let isProgressShown = false
  const showProgress = (line: string | null) => {
    if (!stderr.isTTY || (line === null && !isProgressShown)) return
    isProgressShown = line !== null
    stderr.write(`\r${ERASE_TO_END}${truncate(line ?? '', (stderr.columns ?? 80) - 1)}`)
  }

  return {
    isTerminal: () => stdout.isTTY === true,
    progress: showProgress,
    print(text) {
      showProgress(null)
      return new Promise((resolve, reject) => {
        if (outputError) return reject(asOutputClosed(outputError))
        stdout.write(text, error => {
          if (error) reject(asOutputClosed(error))
          else resolve()
        })
      })
    },
    warn(line) {
      showProgress(null)
      stderr.write(`${line}\n`)
    },
    async readInput({ maxBytes }) {
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of stdin) {
        bytes += chunk.length
        if (bytes > maxBytes) {
          stdin.destroy()
          throw new FastChatError('too_large', `Cannot read standard input: more than ${maxBytes} bytes`)
        }
        chunks.push(chunk)
      }
      return Buffer.concat(chunks)
    },
    async askSecret(question) {
      if (!stdin.isTTY || !stderr.isTTY) {
        throw new FastChatError(
          'no_terminal',
          'Cannot ask for the password: no terminal; set FASTCHAT_PASSWORD or use --password-stdin',
        )
      }
      return await ask(question, () => undefined)
    },
    async confirm(question) {
      if (!stdin.isTTY || !stderr.isTTY) {
        throw new FastChatError('no_terminal', 'Cannot ask: no terminal; add --yes when you are sure')
      }
      return /^y/i.test((await ask(question, text => void stderr.write(text))).trim())
    },
  }
}

async function ask(question: string, echo: (text: string) => void): Promise<string> {
  const { stdin, stderr } = process
  // Before the question: whoever answers at once must not be echoed, nor end the process by Ctrl-C.
  stdin.setRawMode(true)
  try {
    stderr.write(question)
    return await readLine(stdin, echo)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function asOutputClosed(error: Error): Error {
  const code = 'code' in error ? error.code : undefined
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' ? new OutputClosed() : error
}

/** Erase in line, ECMA-48. */
const ERASE_TO_END = '\u001b[K'
const ENTER = ['\r', '\n']
const ERASE = ['\u007f', '\b']
const INTERRUPT = '\u0003'
const END_OF_INPUT = '\u0004'
const ERASE_LINE = '\u0015'
/** An arrow and the like: ESC [ …, ESC O …, or Alt with a key. */
const ESCAPE = '\u001b'
const KEY_SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;?]*[@-~]|O.|.)?`, 'gu')
const RUB_OUT = '\b \b'
const MAX_CHARACTERS = 4096

/** A line typed in raw mode; what would move a cursor is dropped. `echo` gets what shows it. */
function readLine(stdin: NodeJS.ReadStream, echo: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder()
    let typed: string[] = []
    const take = (chunk: Uint8Array) => {
      const text = decoder.decode(chunk, { stream: true }).replace(KEY_SEQUENCE, '')
      for (const character of text) {
        if (ENTER.includes(character)) return finish(() => resolve(typed.join('')))
        if (character === INTERRUPT) return finish(() => reject(new Interrupted()))
        if (character === END_OF_INPUT) {
          if (typed.length === 0) return finish(() => reject(new Interrupted()))
        } else if (ERASE.includes(character)) {
          if (typed.pop() !== undefined) echo(RUB_OUT)
        } else if (character === ERASE_LINE) {
          echo(RUB_OUT.repeat(typed.length))
          typed = []
        } else if (character >= ' ' && typed.length < MAX_CHARACTERS) {
          typed.push(character)
          echo(character)
        }
      }
    }
    const finish = (settle: () => void) => {
      stdin.off('data', take)
      settle()
    }
    stdin.on('data', take)
    stdin.resume()
  })
}
