import { lastGroup } from '../../core/recovery-code.ts'
import { actionOf } from '../keymap.ts'
import type { Model, NewCode } from '../model.ts'
import type { Command, Msg, Next } from '../msg.ts'
import { type Edit, edit, insert, type TextField } from '../text-field.ts'
import { isEdit } from './edits.ts'

/**
 * While a new recovery code is shown, what is typed goes there: its last group, by which the person shows that it is written
 * down, so that no key pressed in passing takes it away. Null: it is not about that.
 */
export function keepCode(model: Model, newCode: NewCode, msg: Msg): Next | null {
  const next = (typed: TextField, ...commands: Command[]): Next => ({
    model: { ...model, newCode: isDone(newCode.code, typed) ? null : { ...newCode, typed } },
    commands,
  })
  switch (msg.type) {
    case 'key': {
      const action = actionOf(model.keymap, msg.key)
      // Not Ctrl-C: elsewhere that copies.
      if (action === 'quit') return next(newCode.typed, { type: 'quit' })
      if (action === 'redraw' || action === 'suspend') return next(newCode.typed, { type: action })
      return next(
        action !== undefined && isEdit(action) ? edit(newCode.typed, action as Edit) : newCode.typed,
      )
    }
    case 'text':
    case 'paste':
      return next(within(insert(newCode.typed, msg.text.replace(/[\s-]+/g, '')), newCode.code))
    case 'mouse':
      return next(newCode.typed)
    default:
      return null
  }
}

/** No more than there is to type: what is wrong is seen to be so, and is not pushed out of sight. */
function within({ text, cursor }: TextField, code: string): TextField {
  const most = lastGroup(code).length
  return { text: text.slice(0, most), cursor: Math.min(cursor, most) }
}

function isDone(code: string, { text }: TextField): boolean {
  return text.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1') === lastGroup(code)
}
