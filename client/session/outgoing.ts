import { FastChatError } from '../../schema/errors.ts'
import { MessageId, normalizeUserId, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import type { MessageItem, SendRequest } from '../chat.ts'
import type { Courier } from './courier.ts'
import type { People } from './people.ts'
import type { Identity, Person } from './records.ts'
import type { State } from './state.ts'
import { appendMessage, findMessage } from './timeline.ts'

export interface OutgoingOptions {
  identity: Identity
  state: State
  people: People
  courier: Courier
}

/**
 * A user id as a person typed it, in its one form.
 *
 * @throws FastChatError `usage`
 */
export function readUserId(typed: string): UserId {
  return parse(UserId, normalizeUserId(typed), { what: 'user id', code: 'usage' })
}

/**
 * Writes a message to the timeline and to the outbox, as one. See `Chat.send`.
 *
 * @throws FastChatError `usage`, `too_large`, `unknown_user`, `no_server`, `account_key_changed`, `id_taken`, `disk_full`
 */
export async function writeMessage(request: SendRequest, options: OutgoingOptions): Promise<MessageItem> {
  const { identity, state, people, courier } = options
  const to = readUserId(request.to)
  checkText(request.text)
  if (request.id !== undefined) parse(MessageId, request.id, { what: 'message id', code: 'usage' })
  const before = findOwn(state, request.id)
  if (before) return before
  const person = await findRecipient(to, people)
  return state.commit(tx => {
    // The same request may have come twice while the person was being asked for.
    const written = findOwn(state, request.id)
    if (written) return written
    const id = request.id ?? tx.nextId()
    const content = { type: 'text' as const, text: request.text }
    const message = {
      id,
      from: identity.userId,
      mine: true,
      sentAt: tx.now,
      content,
      state: 'queued' as const,
    }
    const item = appendMessage(tx, { message, person })
    courier.enqueue(tx, { id, conversation: person.conversation, to, sentAt: tx.now, content })
    return item
  })
}

function checkText(text: string): void {
  if (text.length === 0) throw new FastChatError('usage', 'Cannot send message: it is empty')
  // A surrogate by itself is no text: it would arrive as another one.
  if (/\p{Surrogate}/u.test(text)) throw new FastChatError('usage', 'Cannot send message: it is not Unicode')
  if (new TextEncoder().encode(text).length <= limits.maxTextBytes) return
  throw new FastChatError('too_large', `Cannot send message: it is longer than ${limits.maxTextBytes} bytes`)
}

function findOwn(state: State, id: MessageId | undefined): MessageItem | undefined {
  const item = id === undefined ? undefined : findMessage(state.tables, id)
  if (item && !item.mine) {
    throw new FastChatError('id_taken', 'Cannot send message: its id is that of another message')
  }
  return item
}

async function findRecipient(to: UserId, people: People): Promise<Person> {
  const person = await people.ensure(to)
  if (person.changedTo === undefined) return person
  // It may have been a mistake of one server's: another one is asked, when there is one.
  const asked = await people.refresh(to).catch(() => undefined)
  if (asked && asked.changedTo === undefined) return asked
  throw new FastChatError(
    'account_key_changed',
    `Cannot send to "${to}": their account key is another one than before`,
  )
}
