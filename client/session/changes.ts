import { FastChatError } from '../../schema/errors.ts'
import type { MessageId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { isAdmin } from '../../schema/roster.ts'
import type { ConversationId, MessageItem } from '../chat.ts'
import { isReaction, type Stamp, timeAfter } from '../core/changes.ts'
import { applyChange, applyTimer, lastEdit, reactionsTo, withText } from './apply-changes.ts'
import type { Courier } from './courier.ts'
import { findDestination, type Place, placeOf } from './destinations.ts'
import { eraseMessage } from './forget.ts'
import { checkText, type OutgoingOptions } from './outgoing.ts'
import type { ChangeContent } from './records.ts'
import type { Tx } from './state.ts'
import { changeConversation, findMessage, putMessage } from './timeline.ts'

export interface ChangesOptions extends OutgoingOptions {
  courier: Pick<Courier, 'enqueue' | 'isFresh' | 'amend' | 'withdraw'>
}

/**
 * What a person does to messages that are there: seen here at once, and in the outbox, in one transaction. See `Chat`.
 *
 * What nobody else can have yet is changed in the outbox itself.
 */
export class Changes {
  readonly #options: ChangesOptions

  constructor(options: ChangesOptions) {
    this.#options = options
  }

  async edit({ id, text }: { id: MessageId; text: string }): Promise<void> {
    checkText(text)
    const { state, courier } = this.#options
    const check = (item: MessageItem) => {
      const { content, mine, state: delivery } = item
      if (!mine) throw notAllowed('edit message', 'it is not yours')
      if (content.type === 'deleted') throw notAllowed('edit message', 'it was taken back')
      if (delivery === 'failed') throw notAllowed('edit message', 'it was not sent')
    }
    check(this.#find(id))
    if (courier.isFresh(id)) {
      state.commit(tx => this.#amend(tx, { id, text }))
      return
    }
    const { to, thread } = await this.#destinationOf(id)
    state.commit(tx => {
      const item = this.#find(id)
      check(item)
      this.#send(tx, { to, thread }, { item, content: { type: 'edit', id, text }, last: lastEdit(tx, item) })
    })
  }

  async deleteMessage({ id }: { id: MessageId }): Promise<void> {
    const { state, courier, identity } = this.#options
    const item = this.#find(id)
    if (!item.mine && !this.#isAdminOf(item.conversation)) {
      throw notAllowed('delete message', 'it is neither yours nor in a group of which you are an admin')
    }
    if (item.content.type === 'deleted') return
    if (courier.isFresh(id) || item.state === 'failed') {
      state.commit(tx => {
        courier.withdraw(tx, id)
        const { state: _, ...unsent } = this.#find(id)
        eraseMessage(tx, { item: unsent, by: identity.userId })
      })
      return
    }
    const place = await this.#destinationOf(id)
    state.commit(tx => this.#send(tx, place, { item: this.#find(id), content: { type: 'delete', id } }))
  }

  async react({ id, emoji }: { id: MessageId; emoji: string | null }): Promise<void> {
    const { state, identity } = this.#options
    if (emoji !== null && !isReaction(emoji)) {
      throw new FastChatError('usage', 'Cannot react: a reaction is one emoji')
    }
    const check = ({ content, state: delivery }: MessageItem) => {
      if (content.type === 'deleted') throw notAllowed('react', 'the message was taken back')
      if (delivery === 'failed') throw notAllowed('react', 'the message was not sent')
    }
    check(this.#find(id))
    const place = await this.#destinationOf(id)
    state.commit(tx => {
      const item = this.#find(id)
      check(item)
      const all = reactionsTo(tx, item)
      const last = Object.hasOwn(all, identity.userId) ? all[identity.userId] : undefined
      if ((last?.emoji ?? null) === emoji) return
      this.#send(tx, place, { item, content: { type: 'reaction', id, emoji }, last })
    })
  }

  async setTimer(request: { conversation: ConversationId; afterMs: number | null }): Promise<void> {
    const { conversation, afterMs } = request
    const { state, courier, identity } = this.#options
    checkTimer(afterMs)
    const before = placeOf(conversation, this.#options)
    if (before.thread.kind === 'group' && !this.#isAdminOf(conversation)) {
      throw new FastChatError('not_an_admin', 'Cannot set timer: you are not an admin of the group')
    }
    const { to, thread } = await this.#writable(before)
    state.commit(tx => {
      const record = tx.tables.conversations.get([conversation])
      if ((record?.disappearAfterMs ?? null) === afterMs) return
      const said = { id: tx.nextId(), at: timeAfter(record?.timer, tx.now) }
      const content = { type: 'timer' as const, afterMs }
      courier.enqueue(tx, { id: said.id, conversation, to, sentAt: said.at, content })
      applyTimer(tx, { thread, by: identity.userId, mine: true, content, ...said })
    })
  }

  #send(
    tx: Tx,
    { to, thread }: Place,
    { item, content, last }: { item: MessageItem; content: ChangeContent; last?: Stamp | undefined },
  ): void {
    const { courier, identity } = this.#options
    const { conversation } = thread
    const said = { id: tx.nextId(), at: timeAfter(last, tx.now) }
    courier.enqueue(tx, { id: said.id, conversation, to, sentAt: said.at, content })
    changeConversation(tx, { conversation, isRequest: undefined })
    const isAdminToo = this.#isAdminOf(item.conversation)
    applyChange(tx, { ...said, from: identity.userId, conversation, content, isAdmin: isAdminToo })
  }

  #amend(tx: Tx, { id, text }: { id: MessageId; text: string }): void {
    const item = this.#find(id)
    const content = withText(item.content, text)
    if (!content) return
    putMessage(tx, { ...item, content })
    this.#options.courier.amend(tx, id, sent => {
      if (sent.type === 'text') return { ...sent, text }
      return sent.type === 'file' ? { ...sent, caption: text } : sent
    })
  }

  #find(id: MessageId): MessageItem {
    const item = findMessage(this.#options.state.tables, id)
    if (item) return item
    throw new FastChatError('unknown_message', 'Cannot find message: there is none with this id')
  }

  #destinationOf(id: MessageId): Promise<Place> {
    return this.#writable(placeOf(this.#find(id).conversation, this.#options))
  }

  /** @throws FastChatError when nothing may be sent there: see `findDestination` */
  async #writable({ thread }: Place): Promise<Place> {
    const { kind, with: other, conversation } = thread
    const place = await findDestination(`${kind === 'group' ? '#' : '@'}${other}`, this.#options)
    if (place.thread.conversation === conversation) return place
    throw new FastChatError('not_a_member', `Cannot send to group "${other}": it is another one now`)
  }

  #isAdminOf(conversation: ConversationId): boolean {
    const { state, groups, identity } = this.#options
    const record = state.tables.conversations.get([conversation])
    const group = record?.kind === 'group' ? groups.get(record.with) : undefined
    return group?.conversation === conversation && isAdmin(group.state, identity.userId)
  }
}

function checkTimer(afterMs: number | null): void {
  const { minDisappearMs, maxDisappearMs } = limits
  if (afterMs === null) return
  if (Number.isInteger(afterMs) && afterMs >= minDisappearMs && afterMs <= maxDisappearMs) return
  throw new FastChatError(
    'usage',
    `Cannot set timer: it is a whole number from ${minDisappearMs} to ${maxDisappearMs} ms`,
  )
}

function notAllowed(what: string, why: string): FastChatError {
  return new FastChatError('not_allowed', `Cannot ${what}: ${why}`)
}
