import type { Model } from '../model.ts'
import { needsTicks } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { forComposer } from './ahead.ts'
import { updateChat } from './chat.ts'
import { chatOpened } from './events.ts'
import { isForLock, lockScreen, updateLocked } from './locking.ts'
import { keepCode } from './new-code.ts'
import { updateStart } from './start.ts'

/**
 * What becomes of the screen when something has happened, and what is to be done. Pure: time, terminal and session are known
 * only by what the messages bring.
 */
export function update(model: Model, msg: Msg): Next {
  if (model.lock && isForLock(msg)) return updateLocked(model, model.lock, msg)
  return closed(whatever(model, msg))
}

/** Who is logged out has nothing that is locked. */
function closed(done: Next): Next {
  const { model } = done
  return model.lock && model.screen.type === 'start' ? { ...done, model: { ...model, lock: null } } : done
}

function whatever(model: Model, msg: Msg): Next {
  const kept = model.newCode === null ? null : keepCode(model, model.newCode, msg)
  if (kept) return kept
  switch (msg.type) {
    case 'idle':
      return { model: lockScreen(model), commands: [] }
    case 'unlocked':
    case 'unlock-refused':
      return { model, commands: [] }
    case 'resize':
      return inScreen({ ...model, size: msg.size }, msg)
    case 'tick':
      return inScreen(
        {
          ...model,
          now: msg.now,
          frame: needsTicks(model) === 'fast' ? model.frame + 1 : model.frame,
        },
        msg,
      )
    case 'chat-opened': {
      const ahead = model.screen.type === 'start' ? forComposer(model.screen.ahead, model.keymap) : []
      return ahead.reduce(onward, chatOpened({ ...model, now: msg.now }, msg.snapshot))
    }
    case 'recovery-code':
      return { model: { ...model, newCode: { code: msg.code, typed: EMPTY_FIELD } }, commands: [] }
    case 'focus':
      return inScreen({ ...model, isFocused: msg.isFocused }, msg)
    case 'chat-event':
      return inScreen({ ...model, now: msg.now }, msg)
    default:
      return inScreen(model, msg)
  }
}

function onward({ model, commands }: Next, msg: Msg): Next {
  const done = update(model, msg)
  return { model: done.model, commands: [...commands, ...done.commands] }
}

function inScreen(model: Model, msg: Msg): Next {
  return model.screen.type === 'start'
    ? updateStart(model, model.screen, msg)
    : updateChat(model, model.screen, msg)
}
