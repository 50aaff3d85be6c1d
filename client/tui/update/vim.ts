import type { ConversationId } from '../../chat.ts'
import { type ChatScreen, draftOf, type Model, type Vim } from '../model.ts'
import type { Next } from '../msg.ts'
import { edit, fieldOf, insert, type TextField } from '../text-field.ts'
import { onGrapheme, pressNormal, type VimAct } from '../vim.ts'
import { withDraft } from './conversations.ts'
import { next } from './next.ts'

/** What is done elsewhere. */
export type VimElsewhere =
  | Exclude<VimAct, 'undo' | 'put-after' | 'put-before' | 'command'>
  | 'page-up'
  | 'page-down'

const MAX_UNDO = 100

const insertMode: Vim = { mode: 'insert', pending: '', undo: [], undoIn: null }

/** Whether letters are commands of vi: where one would write, while nothing else is in front. */
export function isNormal({ vim }: Model, { question, overlay, find, selected }: ChatScreen): boolean {
  return vim?.mode === 'normal' && question === null && overlay === null && find === null && selected === null
}

/** Esc ends writing, and then a command that is not whole; null: it means what it means without vi. */
export function escapeVim(model: Model, chat: ChatScreen): Next | null {
  const { vim } = model
  if (!vim || (vim.mode === 'normal' && vim.pending === '')) return null
  if (vim.mode === 'normal') return next({ ...model, vim: { ...vim, pending: '' } }, chat)
  const draft = draftOf(chat)
  return next(
    { ...model, vim: { ...vim, mode: 'normal', pending: '' } },
    withDraft(chat, onGrapheme(stepBack(draft))),
  )
}

/** As vi does: the cursor is then on what was written last. */
function stepBack(field: TextField): TextField {
  return field.cursor > 0 && field.text[field.cursor - 1] !== '\n' ? edit(field, 'left') : field
}

/** What keys with Ctrl mean in normal mode, where nothing is deleted by them. */
export function controlInNormal(key: string): VimElsewhere | null {
  return key === 'ctrl-u' ? 'page-up' : key === 'ctrl-d' ? 'page-down' : null
}

/**
 * A letter in normal mode.
 *
 * @param elsewhere does what is not the composer's
 */
export function pressVim(
  model: Model,
  chat: ChatScreen,
  { key, elsewhere }: { key: string; elsewhere: (model: Model, chat: ChatScreen, act: VimElsewhere) => Next },
): Next {
  const vim = model.vim ?? insertMode
  const before = draftOf(chat)
  const { field, pending, isChange = false, taken, mode, act } = pressNormal(before, vim.pending, key)
  const undo = undoOf(vim, chat.open)
  // What is written from here on is undone as one.
  const kept = isChange || mode === 'insert' ? [...undo, before].slice(-MAX_UNDO) : undo
  const now: Model = { ...model, vim: { mode: mode ?? vim.mode, pending, undo: kept, undoIn: chat.open } }
  const done: ChatScreen = { ...chat, flash: null, deleted: taken ?? chat.deleted }
  const screen = field === before ? done : withDraft(done, field)
  switch (act) {
    case undefined:
      return next(now, screen)
    case 'undo':
      return undoLast(now, screen)
    case 'put-after':
    case 'put-before':
      return put(now, screen, act)
    case 'command': {
      if (before.text !== '') return next(now, screen)
      return next(
        { ...now, vim: { ...(now.vim ?? insertMode), mode: 'insert' } },
        withDraft(screen, fieldOf('/')),
      )
    }
    default:
      return elsewhere(now, screen, act)
  }
}

function undoOf({ undo, undoIn }: Vim, open: ConversationId | null): readonly TextField[] {
  return undoIn === open ? undo : []
}

function undoLast(model: Model, chat: ChatScreen): Next {
  const vim = model.vim ?? insertMode
  const undo = [...vim.undo]
  let last = undo.pop()
  const now = draftOf(chat)
  // What was begun and nothing came of is no step.
  while (last && last.text === now.text) last = undo.pop()
  if (!last) return next({ ...model, vim: { ...vim, undo } }, chat)
  return next({ ...model, vim: { ...vim, undo } }, withDraft(chat, onGrapheme(last)))
}

function put(model: Model, chat: ChatScreen, act: 'put-after' | 'put-before'): Next {
  const { deleted } = chat
  if (deleted === '') return next(model, chat)
  const vim = model.vim ?? insertMode
  const before = draftOf(chat)
  const isAfter = act === 'put-after' && before.text !== '' && before.text[before.cursor] !== '\n'
  const at = isAfter ? edit(before, 'right') : before
  const put = insert(at, deleted)
  const undo = [...vim.undo, before].slice(-MAX_UNDO)
  return next({ ...model, vim: { ...vim, undo } }, withDraft(chat, stepBack(put)))
}

/** What was sent is over: the next message begins with writing. */
export function afterSending(model: Model): Model {
  return model.vim ? { ...model, vim: insertMode } : model
}
