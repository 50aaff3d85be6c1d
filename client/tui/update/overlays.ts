import { actionOf } from '../keys.ts'
import type { ChatScreen, Model, Overlay } from '../model.ts'
import type { Next } from '../msg.ts'
import { edit, insert } from '../text-field.ts'
import { helpLines, helpRows } from '../view/overlays.ts'
import { candidatesOf } from '../view/switcher.ts'
import { openWith } from './composing.ts'
import { reading, show } from './conversations.ts'
import { isEdit } from './edits.ts'

/** Typing and pasting while something lies over the chat: only the switcher takes it. */
export function typeInOverlay(chat: ChatScreen, text: string): ChatScreen {
  const { overlay } = chat
  if (overlay?.type !== 'switcher') return chat
  const field = insert(overlay.field, text.replace(/\s+/g, ''))
  return { ...chat, overlay: { ...overlay, field, selected: 0 } }
}

/** Keys while something lies over the chat. */
export function pressInOverlay(model: Model, chat: ChatScreen, key: string): Next {
  const { overlay } = chat
  const action = actionOf(key)
  const isToggle = overlay?.type === 'help' ? action === 'help' : action === 'switch'
  if (!overlay || key === 'escape' || isToggle) return reading(model, { ...chat, overlay: null })
  return overlay.type === 'help' ? inHelp(model, chat, overlay, key) : inSwitcher(model, chat, overlay, key)
}

function inHelp(
  model: Model,
  chat: ChatScreen,
  overlay: Extract<Overlay, { type: 'help' }>,
  key: string,
): Next {
  const rows = helpRows(model.size)
  const by = { up: -1, down: 1, 'page-up': -rows, 'page-down': rows, home: -1000, end: 1000 }[key] ?? 0
  const last = Math.max(0, helpLines(model.size.cols).length - rows)
  const scroll = Math.max(0, Math.min(last, overlay.scroll + by))
  return { model: { ...model, screen: { ...chat, overlay: { type: 'help', scroll } } }, commands: [] }
}

function inSwitcher(
  model: Model,
  chat: ChatScreen,
  overlay: Extract<Overlay, { type: 'switcher' }>,
  key: string,
): Next {
  const candidates = candidatesOf(chat, overlay.field.text)
  const stay = (change: Partial<typeof overlay>): Next => ({
    model: { ...model, screen: { ...chat, overlay: { ...overlay, ...change } } },
    commands: [],
  })
  const step = { up: -1, down: 1, 'ctrl-p': -1, 'ctrl-n': 1, 'shift-tab': -1, tab: 1 }[key]
  if (step !== undefined && candidates.length > 0) {
    return stay({ selected: (overlay.selected + step + candidates.length) % candidates.length })
  }
  if (key === 'enter') {
    const chosen = candidates[overlay.selected]
    if (!chosen) return reading(model, { ...chat, overlay: null })
    const closed = { ...chat, overlay: null }
    const known = chat.conversations.find(({ summary }) => summary.with === chosen.with)
    return known ? show(model, closed, known.summary.id) : openWith(model, closed, { user: chosen.with })
  }
  const action = actionOf(key)
  if (action === undefined || !isEdit(action)) return stay({})
  return stay({ field: edit(overlay.field, action), selected: 0 })
}
