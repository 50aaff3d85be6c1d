import { randomBytes } from 'node:crypto'
import type { MessageContent, MessageItem } from '../../chat.ts'
import { createTestClock, type TestClock } from '../../net/test-clock.fixture.ts'
import type { Store } from '../../store/store.ts'
import type { ConversationRecord, Thread } from '../records.ts'
import { State } from '../state.ts'
import { appendMessage, changeConversation } from '../timeline.ts'
import { Search } from './search.ts'

/** A timeline without a session, and what searches in it. */
export interface TestTimeline {
  clock: TestClock
  state: State
  search: Search
  /** A second later somebody has written something. */
  say(from: string, said: string | MessageContent, to?: Thread): MessageItem
  change(conversation: string, change: Partial<ConversationRecord>): void
  /** The excerpts that a query finds, in order. */
  find(query: string, conversation?: string): Promise<string[]>
}

export const bob = direct('bob')
export const ops: Thread = { conversation: 'ops'.padEnd(43, '_'), kind: 'group', with: 'ops' }

/** The conversation with somebody. */
export function direct(user: string): Thread {
  return { conversation: user.padEnd(43, '_'), kind: 'direct', with: user }
}

export function createTestTimeline(store: Store): TestTimeline {
  const clock = createTestClock()
  const state = new State({
    store,
    clock,
    randomBytes: length => randomBytes(length),
    report: error => {
      throw error
    },
  })
  const search = new Search({ state, clock })
  return {
    clock,
    state,
    search,
    say(from, said, thread = bob) {
      clock.advance(1000)
      return state.commit(tx => {
        const content = typeof said === 'string' ? { type: 'text' as const, text: said } : said
        const message = { id: tx.nextId(), from, mine: from === 'alice', sentAt: tx.now, content }
        return appendMessage(tx, { message, thread })
      })
    },
    change(conversation, { id: _, ...change }) {
      state.commit(tx => changeConversation(tx, { conversation, ...change }))
    },
    async find(query, conversation) {
      const request = { query, limit: 100, ...(conversation === undefined ? {} : { conversation }) }
      return (await search.find(request)).hits.map(({ excerpt }) => excerpt)
    },
  }
}
