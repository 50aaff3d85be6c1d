import type { ChatScreen } from '../model.ts'

/** What the switcher offers. */
export interface Candidate {
  with: string
  unread: number
  /** There is no conversation yet. */
  isNew: boolean
}

/**
 * Conversations whose name holds the letters typed, in their order: first those that begin with them, then those that hold
 * them together, then the rest. A name that is nobody's yet can be written to.
 */
export function candidatesOf({ conversations }: ChatScreen, typed: string): Candidate[] {
  const wanted = typed.trim().toLowerCase()
  const ranked = conversations
    .map(({ summary }) => ({ summary, rank: rankOf(summary.with, wanted) }))
    .filter(({ rank }) => rank < NONE)
    .sort((a, b) => a.rank - b.rank)
    .map(({ summary }) => ({ with: summary.with, unread: summary.unread, isNew: false }))
  const isKnown = conversations.some(({ summary }) => summary.with === wanted)
  return wanted === '' || isKnown ? ranked : [...ranked, { with: wanted, unread: 0, isNew: true }]
}

const NONE = 3

function rankOf(name: string, wanted: string): number {
  if (name.startsWith(wanted)) return 0
  if (name.includes(wanted)) return 1
  let from = 0
  for (const letter of wanted) {
    const at = name.indexOf(letter, from)
    if (at < 0) return NONE
    from = at + 1
  }
  return 2
}
