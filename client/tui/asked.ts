import type { ConversationId } from '../chat.ts'
import type { SearchHit } from '../searching.ts'
import type { Anchor } from './model.ts'
import type { TextField } from './text-field.ts'

/** A search as it is written, and what the last answer was. At most one question is on its way. */
export interface Asked {
  field: TextField
  /** What `hits` were found by; null: nothing has been answered yet. */
  query: string | null
  /** The best first, or in one conversation the newest; not all of `total` need have come. */
  hits: readonly SearchHit[]
  total: number
  isAsking: boolean
  /** What is written, or what there is, has changed since the question that is on its way. */
  isStale: boolean
}

/** A search in the open conversation. */
export interface Find extends Asked {
  /** Which of `hits` is seen. */
  at: number
  /** Where the conversation was scrolled to before. */
  back: Anchor | null
}

/** A message that is to be seen, once the lines around it have come. */
export interface Goal {
  conversation: ConversationId
  seq: number
  isSelected: boolean
}

/** A search for what stands in a field, of which nothing is known. */
export function asked(field: TextField): Asked {
  return { field, query: null, hits: [], total: 0, isAsking: false, isStale: false }
}
