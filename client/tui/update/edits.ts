import type { Action } from '../keys.ts'
import type { Edit } from '../text-field.ts'

const EDITS: ReadonlySet<Action> = new Set<Edit>([
  'left',
  'right',
  'word-left',
  'word-right',
  'line-start',
  'line-end',
  'delete-back',
  'delete',
  'delete-word',
  'delete-to-start',
  'delete-to-end',
])

/** Whether an action changes the text that is being written, or moves in it. */
export function isEdit(action: Action): action is Action & Edit {
  return EDITS.has(action)
}
