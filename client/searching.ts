import type { MessageId, UserId } from '../schema/ids.ts'
import type { ConversationId } from './chat.ts'

/** A message that was found. */
export interface SearchHit {
  id: MessageId
  conversation: ConversationId
  /** Its place in the conversation. */
  seq: number
  from: UserId
  mine: boolean
  /** Ms since 1970, as of `MessageItem`. */
  sentAt: number
  receivedAt: number
  /** Of its text, or of its file's name and caption, what is around the first word that was found, on one line. */
  excerpt: string
  /** The words of it that were found, as `wordsIn()` of core/words.ts reads them; empty when only a name was. */
  words: string[]
}

export interface SearchFound {
  hits: SearchHit[]
  /** How many there are in all. */
  total: number
}

/** The part of a `Chat` that finds messages. */
export interface Searching {
  /**
   * Messages of this device that hold all words of a query, each as it is or as the beginning of a longer one (a single
   * letter only as it is); when none does, those with words that are like it. Case and accents do not count; what is written
   * without blanks is found by its characters.
   *
   * In a conversation: what is there, the newest first; in a group also by who wrote. Over all: also by whom it is with;
   * first what holds the words as they are, then their beginnings, then only names, the newest first of each; nothing of
   * requests, of blocked people, or that they wrote in groups. An empty query finds nothing, and readies the index.
   *
   * @param request `limit` at most 1,000; `before`: only what follows this one of an earlier answer
   * @throws FastChatError `usage` when the query is longer than 256 characters; `unknown_message` when `before` is not
   *   found any more
   */
  search(request: {
    query: string
    conversation?: ConversationId
    limit: number
    before?: MessageId
  }): Promise<SearchFound>
}
