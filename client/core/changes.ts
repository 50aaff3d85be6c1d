import type { MessageId, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { Reaction } from '../chat.ts'

/** When something was said, ms by its sender's clock, and the message that said it: of two the later one counts. */
export interface Stamp {
  at: number
  id: MessageId
}

/** What each person has reacted with; null once it was taken back, so that an earlier one cannot come back. */
export type Reactions = Record<UserId, Stamp & { emoji: string | null }>

/** Whether something was said after something else, in whatever order the two came. */
export function isLater(stamp: Stamp, before: Stamp | undefined): boolean {
  return before === undefined || stamp.at > before.at || (stamp.at === before.at && stamp.id > before.id)
}

/** A time at which one's own change counts for later than the one before, though the clock went back meanwhile. */
export function timeAfter(before: Stamp | undefined, now: number): number {
  return before === undefined ? now : Math.max(now, Math.min(before.at + 1, Number.MAX_SAFE_INTEGER))
}

const PART =
  '\\p{Extended_Pictographic}(?:\\p{Emoji_Modifier}|\\ufe0f)?(?:[\\u{e0020}-\\u{e007e}]+\\u{e007f})?'
const FLAG = '\\p{Regional_Indicator}{2}'
const KEYCAP = '[0-9#*]\\ufe0f?\\u20e3'
/** An emoji as Unicode puts it together (UTS #51, ED-17): nothing else can hide in it. */
const EMOJI = new RegExp(`^(?:${PART}(?:\\u200d${PART})*|${FLAG}|${KEYCAP})$`, 'u')

/** Whether a text is one emoji, with all that joins it, of at most `limits.maxReactionChars` characters. */
export function isReaction(text: string): boolean {
  return text.length <= limits.maxReactionChars && EMOJI.test(text)
}

/** What is shown of reactions: the most frequent first, then the one that was there first. */
export function gatherReactions(reactions: Reactions): Reaction[] {
  const byEmoji = new Map<string, { from: UserId[]; first: Stamp }>()
  for (const [user, { emoji, ...stamp }] of Object.entries(reactions)) {
    if (emoji === null) continue
    const { from, first } = byEmoji.get(emoji) ?? { from: [], first: stamp }
    byEmoji.set(emoji, { from: [...from, user], first: isLater(stamp, first) ? first : stamp })
  }
  return [...byEmoji]
    .sort(([, a], [, b]) => b.from.length - a.from.length || (isLater(a.first, b.first) ? 1 : -1))
    .map(([emoji, { from }]) => ({ emoji, from: from.sort() }))
}
