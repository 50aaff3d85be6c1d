import type { ConversationSummary } from '../chat.ts'
import { addressOf, nameOf } from './conversation-name.ts'
import type { Keymap } from './keymap.ts'
import { type Action, keyText } from './keys.ts'
import type { ChatScreen } from './model.ts'
import { sanitizeLine } from './sanitize.ts'
import { type SlashName, slashCommands } from './slash-commands.ts'

/** What Ctrl-K offers: somewhere to go, and something to do. */
export type Candidate = Place | Deed | KeyDeed

/** A conversation, or a person to whom nothing was written yet. */
export interface Place {
  type: 'place'
  /** What `openWith()` takes. */
  to: string
  /** The conversation's id; absent when there is none yet. */
  id?: string
  name: string
  unread: number
}

/** A command; one that `takes` something is written into the composer. */
export interface Deed {
  type: 'command'
  name: SlashName
  takes: string
  does: string
}

/** What a key does. */
export interface KeyDeed {
  type: 'action'
  action: PaletteAction
  does: string
  /** As a keyboard names it; empty when it has none. */
  key: string
}

/** Actions that make sense without the place where their key is pressed: nothing that edits a text. */
const PALETTE_ACTIONS = [
  ...(['previous-conversation', 'next-conversation', 'next-unread'] as const),
  ...(['page-up', 'page-down', 'to-newest', 'find', 'select', 'editor'] as const),
  ...(['help', 'redraw', 'suspend', 'quit'] as const),
] as const satisfies readonly Action[]

export type PaletteAction = (typeof PALETTE_ACTIONS)[number]

/** So many commands are offered below the conversations: who looks for a person does not look for commands. */
const MAX_DEEDS_BELOW = 4

/** Whether what is typed asks for commands only. */
export function isForDeeds(typed: string): boolean {
  return /^\s*[>/]/.test(typed)
}

/**
 * Conversations whose name (of a group also its id) holds the letters typed, in their order: first those that begin with them,
 * then those that hold them together, then the rest; and below them commands and keys whose name or purpose holds the letters
 * together. After a `>` or `/` only these, by their letters in order. Who is blocked is found by the whole name only. A
 * name that is nobody's yet can be written to.
 */
export function candidatesOf(chat: ChatScreen, typed: string, keymap: Keymap): Candidate[] {
  const wanted = typed.trim().toLowerCase()
  if (isForDeeds(wanted)) return deedsOf(keymap, wanted.slice(1), SCATTERED)
  if (wanted === '') return placesOf(chat, wanted)
  return [...placesOf(chat, wanted), ...deedsOf(keymap, wanted, TOGETHER).slice(0, MAX_DEEDS_BELOW)]
}

function placesOf({ conversations }: ChatScreen, wanted: string): Place[] {
  const bare = wanted.replace(/^[@#]/, '')
  const ranked = conversations
    .map(({ summary }) => ({ summary, rank: rankIn(summary, wanted) }))
    .filter(({ rank, summary }) => rank < NONE && (!summary.isBlocked || summary.with === bare))
    .sort((a, b) => a.rank - b.rank)
    .map<Place>(({ summary }) => ({
      type: 'place',
      to: addressOf(summary),
      id: summary.id,
      name: summary.kind === 'group' ? `# ${nameOf(summary)}` : nameOf(summary),
      unread: summary.unread,
    }))
  const isKnown = conversations.some(({ summary }) => summary.with === bare)
  if (bare === '' || isKnown) return ranked
  return [...ranked, { type: 'place', to: wanted, name: sanitizeLine(wanted), unread: 0 }]
}

/** @param worst the worst rank that is still offered */
function deedsOf(keymap: Keymap, wanted: string, worst: number): (Deed | KeyDeed)[] {
  const commands = slashCommands.map<Deed & { words: string[] }>(({ name, takes, does }) => ({
    type: 'command',
    ...{ name, takes, does, words: [name, does] },
  }))
  const keys = keymap.chat.flatMap<KeyDeed & { words: string[] }>(({ action, keys: [key], does }) => {
    const known = PALETTE_ACTIONS.find(one => one === action)
    if (!known) return []
    return { type: 'action', action: known, does, key: key === undefined ? '' : keyText(key), words: [does] }
  })
  return [...commands, ...keys]
    .map(deed => ({
      deed,
      rank: Math.min(...deed.words.map(word => rankOf(word.replace(/\s/g, ''), wanted))),
    }))
    .filter(({ rank }) => rank <= worst)
    .sort((a, b) => a.rank - b.rank)
    .map(({ deed: { words: _, ...deed } }) => deed)
}

function rankIn(summary: ConversationSummary, wanted: string): number {
  if (summary.kind === 'direct') return rankOf(summary.with, wanted.replace(/^@/, ''))
  const names = [`#${summary.with}`, summary.with, nameOf(summary).toLowerCase()]
  return Math.min(...names.map(name => rankOf(name, wanted)))
}

const TOGETHER = 1
const SCATTERED = 2
const NONE = 3

function rankOf(name: string, wanted: string): number {
  if (name.startsWith(wanted)) return 0
  if (name.includes(wanted)) return TOGETHER
  let from = 0
  for (const letter of wanted) {
    const at = name.indexOf(letter, from)
    if (at < 0) return NONE
    from = at + 1
  }
  return SCATTERED
}
