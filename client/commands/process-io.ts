import { FastChatError } from '../../schema/errors.ts'
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

  return {
    print(text) {
      return new Promise((resolve, reject) => {
        if (outputError) return reject(asOutputClosed(outputError))
        stdout.write(text, error => {
          if (error) reject(asOutputClosed(error))
          else resolve()
        })
      })
    },
    warn: line => void stderr.write(`${line}\n`),
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
      stderr.write(question)
      stdin.setRawMode(true)
      try {
        return await readSecretLine(stdin)
      } finally {
        stdin.setRawMode(false)
        stdin.pause()
        stderr.write('\n')
      }
    },
  }
}

function asOutputClosed(error: Error): Error {
  const code = 'code' in error ? error.code : undefined
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' ? new OutputClosed() : error
}

const ENTER = ['\r', '\n']
const ERASE = ['\u007f', '\b']
const INTERRUPT = '\u0003'
const END_OF_INPUT = '\u0004'
const ERASE_LINE = '\u0015'
/** An arrow and the like: ESC [ …, ESC O …, or Alt with a key. */
const ESCAPE = '\u001b'
const KEY_SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;?]*[@-~]|O.|.)?`, 'gu')
const MAX_CHARACTERS = 4096

/** A line typed in raw mode; what would move a cursor is dropped. */
function readSecretLine(stdin: NodeJS.ReadStream): Promise<string> {
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
        } else if (ERASE.includes(character)) typed.pop()
        else if (character === ERASE_LINE) typed = []
        else if (character >= ' ' && typed.length < MAX_CHARACTERS) typed.push(character)
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
