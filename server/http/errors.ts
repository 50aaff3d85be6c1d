import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import { errorFields, type Log } from '../port/log.ts'

/** The one form of every error (schema/http.ts, `ErrorBody`). */
export function errorResponse(context: Context, error: FastChatError): Response {
  const body = { error: { code: error.code, message: error.message.slice(0, 512) } }
  return context.json(body, error.status as ContentfulStatusCode)
}

/** Answers whatever a route threw. What is no error of ours is a defect: logged, and not told. */
export function onError(log: Log) {
  return (thrown: unknown, context: Context): Response => {
    if (thrown instanceof FastChatError) {
      if (thrown.status >= 500) log.error(errorFields(thrown.cause ?? thrown), thrown.message)
      return errorResponse(context, thrown)
    }
    if (thrown instanceof HTTPException) {
      const code: ErrorCode = thrown.status === 413 ? 'too_large' : 'bad_request'
      return errorResponse(context, new FastChatError(code, 'Cannot read request: it is malformed'))
    }
    log.error(errorFields(thrown), 'a request could not be handled')
    return errorResponse(context, new FastChatError('internal', 'Cannot answer: unexpected failure'))
  }
}
