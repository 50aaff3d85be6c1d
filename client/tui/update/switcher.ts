import type { Action } from '../keys.ts'
import { type ChatScreen, draftOf, type Model } from '../model.ts'
import type { Next } from '../msg.ts'
import type { Overlay } from '../overlay.ts'
import { type Candidate, candidatesOf, type Deed } from '../palette.ts'
import { fieldOf } from '../text-field.ts'
import { runCommand } from './commands.ts'
import { reading, show, withDraft } from './conversations.ts'
import { afterwards, next, said } from './next.ts'
import { openWith } from './opening.ts'

/** Does what a key does in the chat. */
export type DoAction = (model: Model, chat: ChatScreen, action: Exclude<Action, 'interrupt'>) => Next

/** What Enter takes in the switcher. */
export function take(
  model: Model,
  chat: ChatScreen,
  { overlay, doAction }: { overlay: Extract<Overlay, { type: 'switcher' }>; doAction: DoAction },
): Next {
  const closed = { ...chat, overlay: null }
  const chosen: Candidate | undefined = candidatesOf(chat, overlay.field.text, model.keymap)[overlay.selected]
  switch (chosen?.type) {
    case undefined:
      return reading(model, closed)
    case 'place':
      return chosen.id === undefined
        ? openWith(model, closed, { to: chosen.to })
        : show(model, closed, chosen.id)
    case 'command':
      return command(model, closed, chosen)
    case 'action':
      return afterwards(reading(model, closed), (now, screen) => doAction(now, screen, chosen.action))
    default:
      return chosen satisfies never
  }
}

/** A command that needs more is written for the person to go on with; any other one is done, and the draft stays. */
function command(model: Model, chat: ChatScreen, { name, takes }: Deed): Next {
  const before = draftOf(chat)
  if (takes !== '') {
    const written = withDraft({ ...chat, flash: null }, fieldOf(`/${name} `))
    if (before.text === '') return next(model, written)
    return said(model, { ...written, deleted: before.text }, 'What was there before: Ctrl-Y brings it back.')
  }
  const done = runCommand(model, chat, { name, rest: '' })
  return afterwards(done, (now, screen) =>
    next(now, screen.open === chat.open ? withDraft(screen, before) : screen),
  )
}
