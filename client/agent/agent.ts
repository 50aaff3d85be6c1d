import type { UserId } from '../../schema/ids.ts'
import type { Chat } from '../chat.ts'

/**
 * The port that lets one process own an account and the others share it.
 */
export interface Agent {
  /**
   * The account's chat: `start` is called when this process becomes the owner (at once, or later when the owner whose
   * session it shared has ended), so it must be able to run again: it opens the store and connects. When another process
   * owns the account, its session is shared instead and `start` is not called.
   *
   * The chat that is returned outlives a change of owner; `closed` comes only when the account was logged out, revoked or
   * replaced, when `close` was called, or (`lost`) when `start` failed.
   *
   * @param userId an account of this home
   * @throws FastChatError `account_in_use` when the owner does not answer; whatever `start` throws.
   */
  openChat(userId: UserId, start: () => Promise<Chat>): Promise<Chat>
}
