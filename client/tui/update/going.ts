import type { Goal } from '../asked.ts'
import { canSelect } from '../message-actions.ts'
import { type ChatScreen, type Model, openConversation } from '../model.ts'
import type { Next } from '../msg.ts'
import { center, indexOfSeq, paneOf } from '../view/pane.ts'
import { patch, scrollTo, show } from './conversations.ts'
import { afterwards, next } from './next.ts'

/** Lines that are asked for at a time on the way to one that is far above. */
const GOAL_ITEMS = 200

/** Shows a message of a conversation in the middle of the pane; when its lines are not here yet, as soon as they are. */
export function goTo(model: Model, chat: ChatScreen, goal: Goal): Next {
  const shown = chat.open === goal.conversation ? next(model, chat) : show(model, chat, goal.conversation)
  return afterwards(shown, (now, screen) => reachGoal(now, { ...screen, goal }))
}

/** Goes to where one wants to, or asks for the lines up to there. */
export function reachGoal(model: Model, chat: ChatScreen): Next {
  const { goal } = chat
  const open = openConversation(chat)
  if (!goal || !open || open.summary.id !== goal.conversation || open.load === 'loading')
    return next(model, chat)
  const [first] = open.items
  if (!open.isWhole && (first === undefined || first.seq > goal.seq)) {
    const { id } = open.summary
    const before = first === undefined ? {} : { beforeSeq: first.seq }
    const asked = patch(chat, id, was => ({ ...was, load: 'loading' }))
    return next(model, asked, { type: 'load-history', conversation: id, ...before, limit: GOAL_ITEMS })
  }
  return arrive(model, { ...chat, goal: null }, goal)
}

function arrive(model: Model, chat: ChatScreen, { seq, isSelected }: Goal): Next {
  const pane = paneOf(model, chat)
  if (!pane) return next(model, chat)
  const { items } = pane.conversation
  // It may have disappeared since it was found.
  const index = indexOfSeq(items, seq)
  const item = items[index]
  const selected = isSelected && item?.seq === seq && canSelect(item) ? seq : null
  return scrollTo(model, { ...chat, selected }, { pane, anchor: center(pane, index) })
}
