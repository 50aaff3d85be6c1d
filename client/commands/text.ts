import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { CommandContext } from './context.ts'

/** The line break at the end, which is dropped. */
const NEWLINE_BYTES = 2

/**
 * A text of the command line, or, for null, all of standard input.
 *
 * @param verb for sentences: "Cannot <verb>: …"
 * @throws FastChatError `usage` when it is empty or not UTF-8, `too_large`
 */
export async function takeText(
  { io }: CommandContext,
  { text: given, verb }: { text: string | null; verb: string },
): Promise<string> {
  const text = given ?? (await readInput(io, verb))
  if (Buffer.byteLength(text) > limits.maxTextBytes) throw tooLarge(verb)
  return text
}

async function readInput(io: CommandContext['io'], verb: string): Promise<string> {
  const bytes = await io.readInput({ maxBytes: limits.maxTextBytes + NEWLINE_BYTES }).catch(error => {
    throw error instanceof FastChatError && error.code === 'too_large' ? tooLarge(verb) : error
  })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new FastChatError('usage', `Cannot ${verb}: standard input is not UTF-8`)
  }
  text = text.replace(/\r?\n$/, '')
  if (text === '') throw new FastChatError('usage', `Cannot ${verb}: the text is empty`)
  return text
}

function tooLarge(verb: string): FastChatError {
  return new FastChatError('too_large', `Cannot ${verb}: the text has more than ${limits.maxTextBytes} bytes`)
}
