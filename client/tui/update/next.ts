import type { ChatScreen, Model } from '../model.ts'
import type { Command, Next } from '../msg.ts'

/** The chat screen as it is now, and what is to be done. */
export function next(model: Model, chat: ChatScreen, ...commands: Command[]): Next {
  return { model: { ...model, screen: chat }, commands }
}

/** The same with a line that says what is wrong. */
export function wrong(model: Model, chat: ChatScreen, text: string): Next {
  return next(model, { ...chat, flash: { kind: 'error', text } })
}

/** The same with a line that says what was done. */
export function said(model: Model, chat: ChatScreen, text: string): Next {
  return next(model, { ...chat, flash: { kind: 'info', text } })
}

/** Does something else after a step that has come to the chat screen. */
export function afterwards({ model, commands }: Next, more: (model: Model, chat: ChatScreen) => Next): Next {
  const { screen } = model
  if (screen.type !== 'chat') return { model, commands }
  const done = more(model, screen)
  return { model: done.model, commands: [...commands, ...done.commands] }
}
