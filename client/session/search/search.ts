import { setImmediate } from 'node:timers/promises'
import { FastChatError } from '../../../schema/errors.ts'
import type { MessageId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import type { ConversationId, MessageContent, MessageItem } from '../../chat.ts'
import { excerptAround, wordsIn } from '../../core/words.ts'
import type { Clock } from '../../net/clock.ts'
import type { SearchFound, SearchHit } from '../../searching.ts'
import type { ConversationRecord } from '../records.ts'
import type { State } from '../state.ts'
import { findMessage } from '../timeline.ts'
import type { Match, SearchField, Shards } from './shards.ts'

export interface SearchOptions {
  state: State
  clock: Clock
}

export interface SearchRequest {
  query: string
  conversation?: ConversationId
  limit: number
  before?: MessageId
}

/** Nobody has searched for so long: the index is forgotten, and made again when somebody does. */
const KEEP_MS = 10 * 60 * 1000
/** What is done at a time, in characters that are taken in; reading a line costs as much as so many of them. */
const SLICE_CHARS = 1_000
const LINE_CHARS = 60
/** Records that are looked up at a time. */
const SLICE_RECORDS = 40
const EXCERPT_CHARS = 160

/** A message in the index: where it belongs, in the order of its conversation and by its time. */
interface Found extends Match<MessageId> {
  line: Line
}

interface Line {
  conversation: ConversationId
  seq: number
  at: number
}

/**
 * Finds messages by their words. The index is in memory only, made from the timeline when somebody searches and kept in step
 * with it while it is there: so on the disk nothing is added to the sealed timeline, and what leaves that can be found no
 * more. All that takes long is done in slices, between which everything else goes on.
 */
export class Search {
  readonly #options: SearchOptions
  /** Loaded when somebody searches: most never do. */
  #shards: Shards<MessageId> | undefined
  readonly #lines = new Map<MessageId, Line>()
  /** Conversations whose lines are to be read from the beginning. */
  readonly #unread = new Set<ConversationId>()
  /** Messages that have changed since they were taken in. */
  readonly #changed = new Set<MessageId>()
  #settling: Promise<void> | undefined
  #unsubscribe: (() => void) | undefined
  #cancelForget: () => void = () => undefined

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** See `Chat.search`. */
  async find({ query, conversation, limit, before }: SearchRequest): Promise<SearchFound> {
    if (query.length > limits.maxQueryChars) {
      throw new FastChatError(
        'usage',
        `Cannot search: a query has at most ${limits.maxQueryChars} characters`,
      )
    }
    await this.#settle()
    if (wordsIn(query).length === 0) return { hits: [], total: 0 }
    const record =
      conversation === undefined ? undefined : this.#options.state.tables.conversations.get([conversation])
    if (conversation !== undefined && !record) return { hits: [], total: 0 }
    const place = { record, fields: fieldsFor(record) }
    const exact = await this.#matches(query, { ...place, isFuzzy: false })
    const found = exact.length > 0 ? exact : await this.#matches(query, { ...place, isFuzzy: true })
    found.sort(record ? byPlace : byRank)
    const from = before === undefined ? 0 : found.findIndex(({ id }) => id === before) + 1
    if (before !== undefined && from === 0) {
      throw new FastChatError(
        'unknown_message',
        'Cannot go on with search: that message is not found any more',
      )
    }
    return { hits: await this.#hits(found.slice(from, from + limit)), total: found.length }
  }

  /** Forgets all words. */
  stop(): void {
    this.#cancelForget()
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#shards = undefined
    this.#lines.clear()
    this.#unread.clear()
    this.#changed.clear()
  }

  async #matches(
    query: string,
    {
      record,
      fields,
      isFuzzy,
    }: { record: ConversationRecord | undefined; fields: readonly SearchField[]; isFuzzy: boolean },
  ): Promise<Found[]> {
    const found: Found[] = []
    const hides = this.#hiding()
    let looked = 0
    for (const matches of this.#shards?.find(query, { fields, isFuzzy }) ?? []) {
      for (const match of matches) {
        const line = this.#lines.get(match.id)
        if (!line || (record && line.conversation !== record.id)) continue
        if (!record) {
          if (hides(line.conversation, this.#shards?.get(match.id)?.from ?? '')) continue
          if (++looked % SLICE_RECORDS === 0) await setImmediate()
        }
        found.push({ ...match, line })
      }
      await setImmediate()
    }
    return found
  }

  /** Over all, nothing of strangers and of who is blocked is found; each of them is looked up once. */
  #hiding(): (conversation: ConversationId, from: string) => boolean {
    const { conversations, people } = this.#options.state.tables
    const known = new Map<string, boolean>()
    const once = (key: string, look: () => boolean): boolean => {
      const answer = known.get(key) ?? look()
      known.set(key, answer)
      return answer
    }
    return (conversation, from) =>
      once(`in ${conversation}`, () => {
        const record = conversations.get([conversation])
        return !record || record.isRequest === true || record.isBlocked === true
      }) || once(`from ${from}`, () => people.get([from])?.isBlocked === true)
  }

  /** As they are on the disk now: what has left it meanwhile is left out. */
  async #hits(found: readonly Found[]): Promise<SearchHit[]> {
    const hits: SearchHit[] = []
    for (const [index, { id, words }] of found.entries()) {
      if (index % SLICE_RECORDS === SLICE_RECORDS - 1) await setImmediate()
      const item = this.#changed.has(id) ? undefined : findMessage(this.#options.state.tables, id)
      if (item) hits.push(toHit(item, words))
    }
    return hits
  }

  /** Resolves when the index is as the timeline is. */
  #settle(): Promise<void> {
    const { clock } = this.#options
    this.#cancelForget()
    this.#cancelForget = clock.after(KEEP_MS, () => this.stop())
    this.#settling ??= this.#catchUp()
      .catch((error: unknown) => {
        // Half an index would find half of what there is.
        this.stop()
        throw error
      })
      .finally(() => {
        this.#settling = undefined
      })
    return this.#settling
  }

  async #catchUp(): Promise<void> {
    if (!this.#shards) await this.#begin()
    for (;;) {
      const [conversation] = this.#unread
      const [changed] = this.#changed
      if (conversation !== undefined) {
        this.#unread.delete(conversation)
        await this.#read(conversation)
      } else if (changed !== undefined) {
        await this.#inSlices(this.#takeChanges())
        await setImmediate()
      } else return
    }
  }

  async #begin(): Promise<void> {
    const { state } = this.#options
    const { Shards } = await import('./shards.ts')
    this.#shards = new Shards()
    this.#unsubscribe = state.subscribe(event => {
      if (event.type === 'item') this.#changed.add(event.item.id)
      else if (event.type === 'item-removed') this.#changed.add(event.id)
      else if (event.type === 'history-changed') this.#unread.add(event.conversation)
    })
    let count = 0
    for (const { value } of state.tables.conversations.range()) {
      this.#unread.add(value.id)
      if (++count % SLICE_RECORDS === 0) await setImmediate()
    }
  }

  /** The newest line first. When the lines get other places meanwhile, all of them are read again. */
  async #read(conversation: ConversationId): Promise<void> {
    const { tables } = this.#options.state
    const record = tables.conversations.get([conversation])
    if (!record) return
    await this.#inSlices(this.#readLines(record))
  }

  *#readLines({ serial }: ConversationRecord): Generator<number> {
    const { tables } = this.#options.state
    for (const { value } of tables.timeline.range({ prefix: [serial], reverse: true })) {
      yield LINE_CHARS
      // What has changed since it was read is taken in as it is then.
      if (value.kind === 'message' && !this.#changed.has(value.id)) yield* this.#take(value)
    }
  }

  *#takeChanges(): Generator<number> {
    for (const id of this.#changed) {
      this.#changed.delete(id)
      const item = findMessage(this.#options.state.tables, id)
      yield LINE_CHARS
      if (item) yield* this.#take(item)
      else yield* this.#drop(id)
    }
  }

  *#take(item: MessageItem): Generator<number> {
    const { id, conversation, seq } = item
    const text = textOf(item.content)
    if (text === '') return yield* this.#drop(id)
    this.#lines.set(id, { conversation, seq, at: Math.min(item.sentAt, item.receivedAt) })
    const shards = this.#shards
    if (!shards || shards.get(id)?.text === text) return
    yield* shards.remove(id)
    yield* shards.add(id, { text, from: item.from, place: this.#placeOf(conversation) })
  }

  *#drop(id: MessageId): Generator<number> {
    this.#lines.delete(id)
    if (this.#shards) yield* this.#shards.remove(id)
  }

  #placeOf(conversation: ConversationId): string {
    return this.#options.state.tables.conversations.get([conversation])?.with ?? ''
  }

  /** Goes through steps that say how much they did; after so much everything else has its turn. */
  async #inSlices(steps: Generator<number>): Promise<void> {
    let done = 0
    for (const chars of steps) {
      done += chars
      if (done < SLICE_CHARS) continue
      done = 0
      await setImmediate()
    }
  }
}

/** In a conversation of two everything is of one of them: their names find nothing there. */
function fieldsFor(record: ConversationRecord | undefined): readonly SearchField[] {
  if (!record) return ['text', 'from', 'place']
  return record.kind === 'group' ? ['text', 'from'] : ['text']
}

function byPlace(a: Found, b: Found): number {
  return b.line.seq - a.line.seq
}

function byRank(a: Found, b: Found): number {
  return a.rank - b.rank || b.line.at - a.line.at || b.line.seq - a.line.seq
}

function textOf(content: MessageContent): string {
  switch (content.type) {
    case 'text':
      return content.text
    case 'file':
      return `${content.name}\n${content.caption ?? ''}`.trim()
    case 'deleted':
    case 'unknown':
      return ''
    default:
      return content satisfies never
  }
}

function toHit(item: MessageItem, words: string[]): SearchHit {
  const { id, conversation, seq, from, mine, sentAt, receivedAt, content } = item
  const excerpt = excerptAround(textOf(content), { words, maxChars: EXCERPT_CHARS })
  return { id, conversation, seq, from, mine, sentAt, receivedAt, excerpt, words }
}
