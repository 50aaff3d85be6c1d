import { actionOf } from '../keymap.ts'
import { actionIn } from '../keys.ts'
import type { ChatScreen, Model } from '../model.ts'
import type { Next } from '../msg.ts'
import type { SearchOverlay } from '../overlay.ts'
import { edit } from '../text-field.ts'
import { searchRows } from '../view/search.ts'
import { isEdit } from './edits.ts'
import { next } from './next.ts'
import {
  keepFound,
  leaveFind,
  openHit,
  openSearch,
  selectHit,
  stepFind,
  writeFind,
  writeSearch,
} from './searching.ts'

/** A key while one searches in the open conversation; null: it means there what it means everywhere. */
export function pressFind(model: Model, chat: ChatScreen, key: string): Next | null {
  const { find } = chat
  if (!find) return null
  const place = actionIn(model.keymap.find, key)
  switch (place) {
    case 'leave':
      return leaveFind(model, chat)
    case 'older':
      return stepFind(model, chat, 1)
    case 'newer':
      return stepFind(model, chat, -1)
    case 'select':
      return keepFound(model, chat)
    case 'everywhere':
      return openSearch(model, chat, find.field.text)
    case undefined:
      break
    default:
      return place satisfies never
  }
  const action = actionOf(model.keymap, key)
  if (action === undefined) return next(model, chat)
  if (isEdit(action)) return writeFind(model, chat, edit(find.field, action))
  // One may look around and go elsewhere; what is about the draft waits until one is back.
  const isElsewhere = action.endsWith('-conversation') || action === 'next-unread' || action === 'switch'
  return isElsewhere || action.startsWith('page-') || action === 'help' ? null : next(model, chat)
}

/** Keys over what was found everywhere. */
export function inSearch(
  model: Model,
  chat: ChatScreen,
  { overlay, key }: { overlay: SearchOverlay; key: string },
): Next {
  if (key === 'enter') return openHit(model, chat, overlay)
  const page = searchRows(model.size)
  const step = {
    ...{ up: -1, 'ctrl-p': -1, 'shift-tab': -1, down: 1, 'ctrl-n': 1, tab: 1 },
    ...{ 'page-up': -page, 'page-down': page },
  }[key]
  if (step !== undefined) return selectHit(model, chat, { overlay, selected: overlay.selected + step })
  const action = actionOf(model.keymap, key)
  if (action === undefined || !isEdit(action)) return next(model, chat)
  return writeSearch(model, chat, { overlay, field: edit(overlay.field, action) })
}
