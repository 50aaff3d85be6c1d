import { findEmojis } from '../emoji.ts'
import { actionOf, type Keymap } from '../keymap.ts'
import { actionIn } from '../keys.ts'
import { blockedOf, type ChatScreen, type Model } from '../model.ts'
import type { Next } from '../msg.ts'
import type { Overlay, ReactOverlay, VerifyOverlay } from '../overlay.ts'
import { candidatesOf } from '../palette.ts'
import { edit, insert, type TextField } from '../text-field.ts'
import { helpLines, helpRows } from '../view/help.ts'
import { verifyLines } from '../view/verify.ts'
import { reading } from './conversations.ts'
import { isEdit } from './edits.ts'
import { inSearch } from './finding.ts'
import { inDevices, inGroup } from './list-overlays.ts'
import { next, wrong } from './next.ts'
import { type DoAction, take } from './switcher.ts'

/** Whether what is typed is text there; else letters are keys. */
export function takesText(overlay: Overlay): boolean {
  switch (overlay.type) {
    case 'switcher':
    case 'react':
    case 'search':
      return true
    case 'group':
    case 'devices':
      return overlay.prompt !== null
    case 'help':
    case 'verify':
    case 'picture':
    case 'blocked':
      return false
    default:
      return overlay satisfies never
  }
}

/** Typing and pasting while something lies over the chat that takes it. */
export function typeInOverlay(chat: ChatScreen, text: string): ChatScreen {
  const { overlay } = chat
  switch (overlay?.type) {
    case 'switcher': {
      const field = insert(overlay.field, text.replace(/\s+/g, ''))
      return { ...chat, overlay: { ...overlay, field, selected: 0 } }
    }
    case 'react': {
      const field = insert(overlay.field, text.replace(/\s+/g, ' '))
      return { ...chat, overlay: { ...overlay, field, selected: 0 } }
    }
    case 'group':
    case 'devices': {
      if (!overlay.prompt) return chat
      const field = insert(overlay.prompt.field, text.replace(/[\r\n]+/g, ' '))
      return { ...chat, flash: null, overlay: { ...overlay, prompt: { ...overlay.prompt, field } } }
    }
    default:
      return chat
  }
}

/**
 * Keys while something lies over the chat.
 *
 * @param doAction for what the palette offers
 */
export function pressInOverlay(
  model: Model,
  chat: ChatScreen,
  { key, doAction }: { key: string; doAction: DoAction },
): Next {
  const { overlay } = chat
  if (!overlay) return next(model, chat)
  const hasPrompt = 'prompt' in overlay && overlay.prompt !== null
  const action = actionOf(model.keymap, key)
  const isToggle =
    (overlay.type === 'help' && action === 'help') ||
    (overlay.type === 'switcher' && action === 'switch') ||
    (overlay.type === 'search' && action === 'find')
  if ((key === 'escape' && !hasPrompt) || isToggle)
    return reading(model, { ...chat, overlay: null, flash: null })
  switch (overlay.type) {
    case 'help':
      return inHelp(model, chat, { overlay, key })
    case 'switcher':
      return inSwitcher(model, chat, { overlay, key, doAction })
    case 'react':
      return inReact(model, chat, { overlay, key })
    case 'search':
      return inSearch(model, chat, { overlay, key })
    case 'group':
      return inGroup(model, chat, { overlay, key })
    case 'devices':
      return inDevices(model, chat, { overlay, key })
    case 'verify':
      return inVerify(model, chat, { overlay, key })
    case 'blocked':
      return inBlocked(model, chat, { selected: overlay.selected, key })
    case 'picture':
      return key === 'enter' || key === 'o' ? reading(model, { ...chat, overlay: null }) : next(model, chat)
    default:
      return overlay satisfies never
  }
}

interface Pressed<O extends Overlay> {
  overlay: O
  key: string
}

function inHelp(
  model: Model,
  chat: ChatScreen,
  { overlay, key }: Pressed<Extract<Overlay, { type: 'help' }>>,
): Next {
  const rows = helpRows(model.size)
  const by = scrollBy(key, rows)
  if (by === 0) return next(model, chat)
  const last = Math.max(0, helpLines(model.size.cols, model.keymap).length - rows)
  return next(model, { ...chat, overlay: { type: 'help', scroll: within(overlay.scroll + by, last) } })
}

/** How many lines a key scrolls by, in a place that shows so many rows. */
function scrollBy(key: string, rows: number): number {
  return { up: -1, down: 1, 'page-up': -rows, 'page-down': rows, home: -1000, end: 1000 }[key] ?? 0
}

function within(line: number, last: number): number {
  return Math.max(0, Math.min(last, line))
}

function inSwitcher(
  model: Model,
  chat: ChatScreen,
  { overlay, key, doAction }: Pressed<Extract<Overlay, { type: 'switcher' }>> & { doAction: DoAction },
): Next {
  if (key === 'enter') return take(model, chat, { overlay, doAction })
  const { length: count } = candidatesOf(chat, overlay.field.text, model.keymap)
  const chosen = chosenBy(overlay, key, { count, keymap: model.keymap })
  return next(model, { ...chat, overlay: { ...overlay, ...chosen } })
}

function inReact(model: Model, chat: ChatScreen, { overlay, key }: Pressed<ReactOverlay>): Next {
  const found = findEmojis(overlay.field.text)
  if (key !== 'enter') {
    return next(model, {
      ...chat,
      overlay: { ...overlay, ...chosenBy(overlay, key, { count: found.length, keymap: model.keymap }) },
    })
  }
  const chosen = found[overlay.selected]
  if (!chosen) return wrong(model, chat, 'No emoji has that name; any one can be pasted.')
  // The same once more takes it back.
  const emoji = chosen.emoji === overlay.current ? null : chosen.emoji
  const { model: read, commands } = reading(model, { ...chat, overlay: null })
  return { model: read, commands: [...commands, { type: 'react', id: overlay.id, emoji }] }
}

/** A field above a list: arrows choose, everything else edits. */
function chosenBy(
  { field, selected }: { field: TextField; selected: number },
  key: string,
  { count, keymap }: { count: number; keymap: Keymap },
): { field: TextField; selected: number } {
  const step = { up: -1, down: 1, 'ctrl-p': -1, 'ctrl-n': 1, 'shift-tab': -1, tab: 1 }[key]
  if (step !== undefined) return { field, selected: count === 0 ? 0 : (selected + step + count) % count }
  const action = actionOf(keymap, key)
  if (action === undefined || !isEdit(action)) return { field, selected }
  return { field: edit(field, action), selected: 0 }
}

function inVerify(model: Model, chat: ChatScreen, { overlay, key }: Pressed<VerifyOverlay>): Next {
  const { user, safetyNumber } = overlay.verification
  const action = actionIn(model.keymap.verify, key)
  switch (action) {
    case undefined: {
      const size = { cols: Math.min(model.size.cols, 76) - 4, rows: Math.max(1, model.size.rows - 4) }
      const by = scrollBy(key, size.rows)
      if (by === 0) return next(model, chat)
      const last = Math.max(0, verifyLines(overlay, size).length - size.rows)
      return next(model, { ...chat, overlay: { ...overlay, scroll: within(overlay.scroll + by, last) } })
    }
    case 'verify':
    case 'unverify': {
      const isVerified = action === 'verify'
      const busy = isVerified ? 'noting it' : 'taking it back'
      return next(
        model,
        { ...chat, busy, flash: null },
        { type: 'set-verified', user, isVerified, safetyNumber },
      )
    }
    default:
      return action satisfies never
  }
}

function inBlocked(
  model: Model,
  chat: ChatScreen,
  { selected, key }: { selected: number; key: string },
): Next {
  const blocked = blockedOf(chat)
  const one = blocked[selected]
  if (one && actionIn(model.keymap.blocked, key) === 'unblock') {
    const command = { type: 'block' as const, user: one.summary.with, isBlocked: false }
    return next(model, { ...chat, busy: 'unblocking', overlay: { type: 'blocked', selected: 0 } }, command)
  }
  const step = { up: -1, down: 1 }[key] ?? 0
  const to = Math.max(0, Math.min(selected + step, blocked.length - 1))
  return next(model, { ...chat, overlay: { type: 'blocked', selected: to } })
}
