import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { FastChatError } from '../../schema/errors.ts'
import { parse } from '../../schema/parse.ts'
import type { Chat, ChatEvent } from '../chat.ts'
import { passOn, type Request } from './calls.ts'
import { openLines } from './lines.ts'
import { AGENT_PROTOCOL, Call, type CallName, callParams, maxAnswerBytes, maxCallBytes } from './protocol.ts'

/** A chat that has ended answers at once: who waits longer waits for a defect. */
const ANSWER_TIMEOUT_MS = 2000

/** A connection that shares the owner's chat. */
export interface Serving {
  /** Answers what was asked already, then closes. */
  end(): Promise<void>
}

/**
 * Shares a chat with one other process. A frame that is no call closes the connection; an error of the chat crosses with
 * its code. `close` of the other side never closes this chat, `logOut` does.
 */
export function serveChat(chat: Chat, { socket, nonce }: { socket: Socket; nonce: string }): Serving {
  const running = new Set<Promise<void>>()
  const lines = openLines(socket, {
    maxLineBytes: maxCallBytes,
    maxUnreadBytes: maxAnswerBytes,
    onValue(value) {
      const answered = answer(value).finally(() => running.delete(answered))
      running.add(answered)
    },
    onClose: () => unsubscribe(),
  })
  const unsubscribe = chat.subscribe(event => {
    if (isForOthers(event)) lines.write({ event })
  })
  lines.write({ hello: { nonce, protocol: AGENT_PROTOCOL } })

  async function answer(value: unknown): Promise<void> {
    let call: { id: number; call: CallName; with?: unknown }
    try {
      call = parse(Call, value, { what: 'call' })
    } catch {
      lines.destroy()
      return
    }
    try {
      const ok = (await run(chat, call.call, call.with)) ?? null
      const text = JSON.stringify(ok)
      if (text.length > maxAnswerBytes / 4) {
        throw new FastChatError('too_large', `Cannot answer "${call.call}": ask for less at once`)
      }
      lines.write({ id: call.id, ok })
    } catch (error) {
      lines.write({ id: call.id, error: describe(error) })
    }
  }

  return {
    async end() {
      const timer = new AbortController()
      const late = delay(ANSWER_TIMEOUT_MS, undefined, { signal: timer.signal }).catch(() => undefined)
      await Promise.race([Promise.all(running), late])
      timer.abort()
      unsubscribe()
      await lines.end()
    },
  }
}

async function run(chat: Chat, name: CallName, params: unknown): Promise<unknown> {
  const request = parse(callParams[name], params ?? {}, { what: `call "${name}"` })
  return await passOn(chat, name, request as Request<CallName>)
}

/** That the owner merely ends is no end for the others: they go on without it, so the socket's end tells them. */
function isForOthers(event: ChatEvent): boolean {
  return event.type !== 'closed' || (event.reason !== 'closed' && event.reason !== 'lost')
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof FastChatError) return { code: error.code, message: error.message }
  return { code: 'internal', message: 'Cannot answer: an internal error in the process that has the account' }
}
