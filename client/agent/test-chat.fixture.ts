import { v7 as uuidv7 } from 'uuid'
import { FastChatError } from '../../schema/errors.ts'
import type {
  Chat,
  ChatEvent,
  ChatSnapshot,
  GroupInfo,
  MessageContent,
  MessageItem,
  OwnDevice,
  Verification,
} from '../chat.ts'
import { Calls } from './calls.ts'
import type { CallName } from './protocol.ts'
import { createCalls } from './test-chat-calls.fixture.ts'

/** A chat for tests of what is built on `Chat`: it keeps messages in an array, and the test plays the server. */
export interface TestChat {
  chat: Chat
  messages: MessageItem[]
  snapshot: ChatSnapshot
  devices: OwnDevice[]
  groups: Map<string, GroupInfo>
  /** By user; who is not in it gets one that is not verified. */
  verifications: Map<string, Verification>
  /** Something goes into the outbox, and soon out again. */
  enqueue: () => void
  /** What was asked of it, in order: method names and what they were given. */
  calls: { method: string; request?: unknown }[]
  emit: (event: ChatEvent) => void
  /** A message from somebody else comes in. */
  receive: (from: string, text: string) => MessageItem
  /** A message of one's own changes. */
  change: (id: string, change: Partial<MessageItem>) => void
  /** When set, `send` waits for it first. */
  holdSend?: Promise<void>
  isClosed: () => boolean
}

export const conversationWith = (user: string) =>
  `${user}${'A'.repeat(43)}`.slice(0, 43).replace(/[^\w-]/g, '_')

/** What a test has to script when it asks for it. */
class Unscripted extends Calls {
  protected override ask(name: CallName): never {
    throw new FastChatError('internal', `Cannot ${name}: the test does not say what comes`)
  }
}
const unscripted = new Unscripted()

export function createTestChat(me = 'alice', messages: MessageItem[] = []): TestChat {
  const listeners = new Set<(event: ChatEvent) => void>()
  const readUpTo = new Map<string, number>()
  let seq = messages.length
  let isClosed = false

  const test: TestChat = {
    chat: {
      ...unscripted,
      snapshot: async () => record('snapshot', undefined, test.snapshot),
      async history(request) {
        const { conversation, limit, beforeSeq = Number.POSITIVE_INFINITY } = request
        const found = messages.filter(item => item.conversation === conversation && item.seq < beforeSeq)
        return record('history', request, found.slice(-limit))
      },
      async send(request) {
        record('send', request, undefined)
        await test.holdSend
        const known = messages.find(({ id }) => id === request.id)
        if (known) return known
        if (request.to === 'nobody') {
          throw new FastChatError('unknown_user', 'Cannot send to "nobody": no such user')
        }
        if (request.to.startsWith('#') && !test.groups.has(request.to.slice(1))) {
          throw new FastChatError('unknown_group', `Cannot send to "${request.to}": no such group`)
        }
        const { id = uuidv7(), to, text } = request
        return add({ id, from: me, to, content: { type: 'text', text }, mine: true })
      },
      async message(request) {
        return record('message', request, messages.find(({ id }) => id === request.id) ?? null)
      },
      async unread(request) {
        const { conversations } = test.snapshot
        const isRequest = (id: string) => conversations.some(one => one.id === id && one.isRequest)
        const found = messages.filter(
          ({ mine, conversation, seq }) =>
            !mine &&
            seq > (readUpTo.get(conversation) ?? 0) &&
            !(request.withoutRequests && isRequest(conversation)),
        )
        return record('unread', request, found.slice(0, request.limit))
      },
      async markRead(request) {
        record('markRead', request, undefined)
        readUpTo.set(request.conversation, Math.max(request.upToSeq, readUpTo.get(request.conversation) ?? 0))
      },
      async devices() {
        return record('devices', undefined, test.devices)
      },
      async revokeDevice(request) {
        record('revokeDevice', request, undefined)
        if (!test.devices.some(({ deviceId }) => deviceId === request.deviceId)) {
          throw new FastChatError('not_found', 'Cannot revoke device: it is none of this account')
        }
      },
      async logOut() {
        record('logOut', undefined, undefined)
        end({ type: 'closed', reason: 'logged-out' })
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      async close() {
        record('close', undefined, undefined)
        end({ type: 'closed', reason: 'closed' })
      },
    },
    messages,
    snapshot: {
      me,
      connection: { state: 'online', server: 'ws://test' },
      conversations: [],
      queued: 0,
      unsent: 0,
      drained: true,
      settings: { sendsReadReceipts: true, sendsTyping: true, showsPresence: true, notifies: 'desktop' },
      historyOffers: [],
      online: [],
    },
    devices: [
      {
        deviceId: '01a20a5c-0101-7abc-8def-0123456789ab',
        since: Date.UTC(2026, 10, 23, 9),
        current: true,
        active: true,
      },
    ],
    groups: new Map(),
    verifications: new Map(),
    enqueue() {
      test.snapshot.unsent++
      setImmediate(() => {
        test.snapshot.unsent--
        test.emit({ type: 'queued', queued: test.snapshot.queued })
      })
    },
    calls: [],
    emit(event) {
      if (event.type === 'closed') return end(event)
      for (const listener of [...listeners]) listener(event)
    },
    receive: (from, text) =>
      add({ id: uuidv7(), from, to: from, content: { type: 'text', text }, mine: false }),
    change(id, change) {
      const item = messages.find(message => message.id === id)
      if (!item) throw new Error('Cannot change message: not there')
      Object.assign(item, change)
      test.emit({ type: 'item', item })
    },
    isClosed: () => isClosed,
  }

  function record<T>(method: string, request: unknown, result: T): T {
    test.calls.push({ method, ...(request === undefined ? {} : { request }) })
    if (isClosed && method !== 'close')
      throw new FastChatError('unavailable', `Cannot ${method}: the session has ended`)
    return result
  }

  function add(message: {
    id: string
    from: string
    to: string
    content: MessageContent
    mine: boolean
  }): MessageItem {
    const item: MessageItem = {
      kind: 'message',
      id: message.id,
      conversation: conversationWith(message.to.replace(/^[@#]/, '')),
      seq: ++seq,
      from: message.from,
      mine: message.mine,
      sentAt: Date.UTC(2026, 10, 23, 9, 12, seq),
      receivedAt: Date.UTC(2026, 10, 23, 9, 13, seq),
      content: message.content,
      ...(message.mine ? { state: 'queued' as const } : {}),
    }
    messages.push(item)
    test.emit({ type: 'item', item })
    return item
  }

  function end(event: ChatEvent): void {
    if (isClosed) return
    isClosed = true
    for (const listener of [...listeners]) listener(event)
    listeners.clear()
  }

  Object.assign(
    test.chat,
    createCalls({
      test,
      record: (method, request) => record(method, request, undefined),
      add: ({ to, content, id = uuidv7() }) => add({ id, from: me, to, content, mine: true }),
      conversationOf: conversationWith,
    }),
  )
  return test
}
