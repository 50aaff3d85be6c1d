import type { ConversationSummary } from '../../chat.ts'
import { addressOf, nameOf } from '../conversation-name.ts'
import type { ChatScreen } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'

/** What the switcher offers. */
export interface Candidate {
  /** What `openWith()` takes. */
  to: string
  /** The conversation's id; absent when there is none yet. */
  id?: string
  name: string
  unread: number
}

/**
 * Conversations whose name (of a group also its id) holds the letters typed, in their order: first those that begin with them,
 * then those that hold them together, then the rest. Who is blocked is found by the whole name only. A name that is
 * nobody's yet can be written to.
 */
export function candidatesOf({ conversations }: ChatScreen, typed: string): Candidate[] {
  const wanted = typed.trim().toLowerCase()
  const bare = wanted.replace(/^[@#]/, '')
  const ranked = conversations
    .map(({ summary }) => ({ summary, rank: rankIn(summary, wanted) }))
    .filter(({ rank, summary }) => rank < NONE && (!summary.isBlocked || summary.with === bare))
    .sort((a, b) => a.rank - b.rank)
    .map<Candidate>(({ summary }) => ({
      to: addressOf(summary),
      id: summary.id,
      name: summary.kind === 'group' ? `# ${nameOf(summary)}` : nameOf(summary),
      unread: summary.unread,
    }))
  const isKnown = conversations.some(({ summary }) => summary.with === bare)
  return bare === '' || isKnown ? ranked : [...ranked, { to: wanted, name: sanitizeLine(wanted), unread: 0 }]
}

function rankIn(summary: ConversationSummary, wanted: string): number {
  if (summary.kind === 'direct') return rankOf(summary.with, wanted.replace(/^@/, ''))
  const names = [`#${summary.with}`, summary.with, nameOf(summary).toLowerCase()]
  return Math.min(...names.map(name => rankOf(name, wanted)))
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
