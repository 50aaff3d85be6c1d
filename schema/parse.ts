import * as v from 'valibot'
import { type ErrorCode, FastChatError } from './errors.ts'

/** A field that must not be there has whatever name the sender gave it. */
const MAX_PATH_CHARS = 100

/**
 * Validates a value that came from outside.
 *
 * @param schema what it must be
 * @param value what came
 * @param what what it is called in the error, for example `frame "send"`
 * @throws FastChatError `code` (default `bad_request`): the message names the first wrong field and what was expected of
 *   it, never the value itself, since it may be a secret. It is one line
 *   of printable ASCII, since it may end up on a terminal.
 */
export function parse<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  { what, code = 'bad_request' }: { what: string; code?: ErrorCode },
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v
    .getDotPath(issue)
    ?.slice(0, MAX_PATH_CHARS)
    .replace(/[^\x20-\x7e]/g, '?')
  // valibot's default messages quote what it received: only ours and its `expected` are safe to show.
  const expected = issue.kind === 'schema' ? `expected ${issue.expected ?? issue.type}` : describe(issue)
  throw new FastChatError(code, `Cannot read ${what}: ${path ? `${path}: ` : ''}${expected}`)
}

/**
 * Parses JSON text and validates it.
 *
 * @throws FastChatError `code` when it is not JSON, or not what `schema` says.
 */
export function parseJson<const S extends v.GenericSchema>(
  schema: S,
  text: string,
  options: { what: string; code?: ErrorCode },
): v.InferOutput<S> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new FastChatError(options.code ?? 'bad_request', `Cannot read ${options.what}: not JSON`)
  }
  return parse(schema, value, options)
}

function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'regex' && !issue.message.startsWith('Invalid')) return issue.message
  return issue.expected ? `expected ${issue.type} ${issue.expected}` : `failed ${issue.type}`
}
