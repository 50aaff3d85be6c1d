import { StringDecoder } from 'node:string_decoder'
import { limits } from '../../schema/limits.ts'
import { Interrupted } from '../commands/io.ts'

/** Lines of standard input, be it a terminal that edits and echoes them itself, or a pipe. */
export interface LineInput {
  /** The next line; null at the end. The same promise until it has come. `tooLong`: more than a message holds, thrown away. */
  line(): Promise<Line>
  /** The next line without showing it, where this is a terminal. @throws Interrupted at Ctrl-C. */
  secret(): Promise<Line>
  /** Gives the terminal back as it was, and stops reading. */
  close(): void
}

export type Line = { text: string } | 'too-long' | null

/** What a line may have, in UTF-16 units: a command and a text in it. */
const MAX_CHARS = limits.maxTextBytes + 1024

const INTERRUPT = '\u0003'
const END_OF_INPUT = '\u0004'
const ERASE = /[\u007f\b]/
const ERASE_LINE = '\u0015'
/** Keys that a terminal sends as sequences, which the line discipline knows nothing of. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken away
const KEYS = /\u001b(?:\[[0-9;?<]*[ -/]*[@-~]|O.|.)?/gu
const CONTROLS = /\p{Cc}/gu

interface Wanted {
  promise(): Promise<Line>
  resolve(line: Line): void
  reject(error: Error): void
}

type Stdin = Pick<NodeJS.ReadStream, 'on' | 'off' | 'pause' | 'resume' | 'isTTY' | 'setRawMode'>

/** @param transcode makes UTF-8 of what is typed; default: it is */
export function createLineInput(
  stdin: Stdin,
  transcode: (typed: Uint8Array) => Uint8Array = typed => typed,
): LineInput {
  const decoder = new StringDecoder('utf8')
  const lines: Line[] = []
  let rest = ''
  let isTooLong = false
  let hasEnded = false
  let isSecret = false
  let wanted: Wanted | null = null

  function add(line: Line): void {
    if (!wanted) return void lines.push(line)
    const { resolve } = wanted
    wanted = null
    resolve(line)
  }

  function onData(chunk: Uint8Array): void {
    const text = decoder.write(Buffer.from(transcode(chunk)))
    if (isSecret) typed(text)
    else for (const [at, piece] of text.split('\n').entries()) take(piece, at > 0)
  }

  /** In raw mode the terminal neither edits nor tells of Ctrl-C. */
  function typed(text: string): void {
    for (const char of text.replace(KEYS, '')) {
      if (char === INTERRUPT || (char === END_OF_INPUT && rest === '')) {
        rest = ''
        const { reject } = wanted ?? {}
        wanted = null
        reject?.(new Interrupted())
        return
      }
      if (char === '\r' || char === '\n') finish()
      else if (ERASE.test(char)) rest = Array.from(rest).slice(0, -1).join('')
      else if (char === ERASE_LINE) rest = ''
      else if (char >= ' ' && rest.length < MAX_CHARS) rest += char
    }
  }

  function take(piece: string, isNewLine: boolean): void {
    if (isNewLine) finish()
    if (rest.length + piece.length <= MAX_CHARS) rest += piece
    else isTooLong = true
  }

  function finish(): void {
    const line = isTooLong ? 'too-long' : { text: clean(rest) }
    rest = ''
    isTooLong = false
    add(line)
  }

  function onEnd(): void {
    if (hasEnded) return
    hasEnded = true
    if (rest !== '' || isTooLong) finish()
    if (wanted) add(null)
  }

  function next(): Promise<Line> {
    if (wanted) return wanted.promise()
    const line = lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    if (hasEnded) return Promise.resolve(null)
    const promise = new Promise<Line>((resolve, reject) => {
      wanted = { resolve, reject, promise: () => promise }
    })
    return promise
  }

  function setSecret(is: boolean): void {
    if (isSecret === is || !stdin.isTTY) return
    isSecret = is
    try {
      stdin.setRawMode(is)
    } catch {
      // The terminal is gone.
    }
  }

  stdin.on('data', onData)
  stdin.on('end', onEnd)
  stdin.on('close', onEnd)
  stdin.on('error', onEnd)
  stdin.resume()
  const giveBack = () => setSecret(false)
  process.on('exit', giveBack)

  return {
    line: next,
    async secret() {
      setSecret(true)
      try {
        return await next()
      } finally {
        setSecret(false)
      }
    },
    close() {
      giveBack()
      process.off('exit', giveBack)
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      stdin.off('close', onEnd)
      stdin.pause()
    },
  }
}

function clean(line: string): string {
  return line.replace(KEYS, '').replaceAll('\t', ' ').replace(CONTROLS, '')
}
