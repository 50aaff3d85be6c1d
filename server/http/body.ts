import type { Context } from 'hono'
import type * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { parseJson } from '../../schema/parse.ts'
import type { Limits } from '../config/limits.ts'

/**
 * Reads a JSON body of bounded size.
 *
 * @throws FastChatError `too_large`; `bad_request` when it is not what `schema` says
 */
export async function readBody<const S extends v.GenericSchema>(
  context: Context,
  { schema, limits }: { schema: S; limits: Limits },
): Promise<v.InferOutput<S>> {
  const tooLarge = new FastChatError('too_large', `Cannot read body: it is over ${limits.maxBodyBytes} bytes`)
  if (Number(context.req.header('content-length') ?? 0) > limits.maxBodyBytes) throw tooLarge
  const reader = context.req.raw.body?.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      bytes += value.byteLength
      if (bytes > limits.maxBodyBytes) {
        await reader?.cancel()
        throw tooLarge
      }
      text += decoder.decode(value, { stream: true })
    }
    text += decoder.decode()
  } catch (error) {
    if (error instanceof FastChatError) throw error
    throw new FastChatError('bad_request', 'Cannot read body: not UTF-8')
  }
  return parseJson(schema, text, { what: 'body' })
}
