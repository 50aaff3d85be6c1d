import { actionOf } from '../keymap.ts'
import type { ChatScreen, Lock, Model } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import { EMPTY_FIELD, edit, insert, type TextField } from '../text-field.ts'
import { reading } from './conversations.ts'
import { isEdit } from './edits.ts'
import { afterwards } from './next.ts'

// The screen is locked, not the account: messages come in, and who may read this home may read them.

const UNLOCKED: Lock = { field: EMPTY_FIELD, error: null, isChecking: false }

/** Locks the screen; there is nothing to lock before somebody is logged in. */
export function lockScreen(model: Model): Model {
  return model.screen.type === 'chat' && model.lock === null ? { ...model, lock: UNLOCKED } : model
}

/** Whether a locked screen takes a message for itself: nothing that a person does reaches what is behind it. */
export function isForLock({ type }: Msg): boolean {
  const own = ['key', 'text', 'paste', 'mouse', 'unlocked', 'unlock-refused']
  return own.includes(type)
}

/** A locked screen: the password, or the end of the program. */
export function updateLocked(model: Model, lock: Lock, msg: Msg): Next {
  const stay = (change: Partial<Lock>): Next => ({
    model: { ...model, lock: { ...lock, ...change } },
    commands: [],
  })
  const write = (field: TextField) => stay({ field, error: null })
  switch (msg.type) {
    case 'text':
    case 'paste':
      return lock.isChecking
        ? stay({})
        : write(insert(lock.field, msg.text.replace(/[\r\n]+$/, '').replace(/[\r\n]+/g, ' ')))
    case 'key':
      return press(model, lock, msg.key)
    case 'unlocked': {
      const open: Next = { model: { ...model, lock: null }, commands: [] }
      return afterwards(open, (now, screen: ChatScreen) => reading(now, screen))
    }
    case 'unlock-refused':
      return stay({ field: EMPTY_FIELD, error: msg.failure.message, isChecking: false })
    default:
      return stay({})
  }
}

function press(model: Model, lock: Lock, key: string): Next {
  const same: Next = { model, commands: [] }
  const action = actionOf(model.keymap, key)
  if (action === 'quit') return { model, commands: [{ type: 'quit' }] }
  if (action === 'redraw') return { model, commands: [{ type: 'redraw' }] }
  if (action === 'suspend') return { model, commands: [{ type: 'suspend' }] }
  if (lock.isChecking) return same
  const { field } = lock
  const change = (to: Partial<Lock>): Next => ({
    model: { ...model, lock: { ...lock, error: null, ...to } },
    commands: [],
  })
  if (action === 'interrupt') {
    return field.text === '' ? { model, commands: [{ type: 'quit' }] } : change({ field: EMPTY_FIELD })
  }
  if (key === 'escape') return change({ field: EMPTY_FIELD })
  if (key === 'enter') {
    if (field.text === '' || model.screen.type !== 'chat') return same
    const asked = change({ isChecking: true })
    return { ...asked, commands: [{ type: 'unlock', userId: model.screen.me, password: field.text }] }
  }
  return action !== undefined && isEdit(action) ? change({ field: edit(field, action) }) : same
}
