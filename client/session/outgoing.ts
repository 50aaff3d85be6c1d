import type { FileContent, TextContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import { type BlobId, type GroupId, MessageId, type UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import type { MessageItem, SendRequest } from '../chat.ts'
import { settleMessage } from './apply-changes.ts'
import { lineOf } from './contents.ts'
import type { Courier } from './courier.ts'
import { type DestinationsOptions, findDestination } from './destinations.ts'
import type { EarlyChanges } from './early-changes.ts'
import { registerFile } from './file-records.ts'
import type { State } from './state.ts'
import { appendMessage, changeConversation, changeFile, expectReceipts, findMessage } from './timeline.ts'

export interface OutgoingOptions extends DestinationsOptions {
  courier: Pick<Courier, 'enqueue'>
  early: EarlyChanges
}

/**
 * Writes a message to the timeline and to the outbox, as one. See `Chat.send`.
 *
 * @throws FastChatError `usage`, `too_large`, `unknown_user`, `unknown_group`, `not_a_member`, `roster_forked`, `blocked`,
 *   `no_server`, `account_key_changed`, `id_taken`, `disk_full`
 */
export async function writeMessage(request: SendRequest, options: OutgoingOptions): Promise<MessageItem> {
  checkText(request.text)
  const content = { type: 'text' as const, text: request.text }
  return await writeLine({ ...request, content }, options)
}

/** The same for any content that has a line of its own; with `awaits` it goes out once that file is with a server. */
export async function writeLine(
  request: {
    to: string
    content: TextContent | FileContent
    id?: MessageId
    replyTo?: MessageId
    awaits?: BlobId
  },
  options: OutgoingOptions,
): Promise<MessageItem> {
  const { identity, state, courier } = options
  if (request.id !== undefined) parse(MessageId, request.id, { what: 'message id', code: 'usage' })
  const before = findOwn(state, request.id)
  if (before) return before
  const { to, thread } = await findDestination(request.to, options)
  return state.commit(tx => {
    // The same request may have come twice while the person was being asked for.
    const written = findOwn(state, request.id)
    if (written) return written
    const id = request.id ?? tx.nextId()
    const { replyTo, awaits } = request
    const expiresInMs = tx.tables.conversations.get([thread.conversation])?.disappearAfterMs
    const content = {
      ...request.content,
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(expiresInMs === undefined ? {} : { expiresInMs }),
    }
    const line = lineOf(content)
    const message = {
      id,
      from: identity.userId,
      mine: true,
      sentAt: tx.now,
      ...line,
      state: 'queued' as const,
    }
    appendMessage(tx, { message, thread })
    if (content.type === 'file') {
      registerFile(tx, { id, ref: content.file, state: 'here' })
      changeFile(tx, { id, state: 'here' })
    }
    settleMessage(tx, id, options.early)
    if ('group' in to) expectReceipts(tx, { id, members: othersIn(to.group, options) })
    // Who is written to is accepted.
    changeConversation(tx, { conversation: thread.conversation, isRequest: undefined })
    courier.enqueue(tx, {
      ...{ id, conversation: thread.conversation, to, sentAt: tx.now, content },
      ...(awaits === undefined ? {} : { awaits }),
    })
    const item = findOwn(state, id)
    if (!item) throw new FastChatError('internal', 'Cannot send message: it was not written')
    return item
  })
}

function othersIn(group: GroupId, { groups, identity }: OutgoingOptions): UserId[] {
  const members = Object.keys(groups.get(group)?.state.members ?? {})
  return members.filter(member => member !== identity.userId)
}

/** @throws FastChatError `usage`, `too_large` */
export function checkText(text: string): void {
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
