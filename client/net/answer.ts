import { FastChatError } from '../../schema/errors.ts'

/**
 * The text of an answer, which may be of anybody's making.
 *
 * @throws FastChatError `unavailable` when it is longer than `maxBytes`
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  if (!response.body) return text
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) {
      // Leaving the loop cancels the stream.
      throw new FastChatError('unavailable', `Cannot read answer: it is longer than ${maxBytes} bytes`)
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
