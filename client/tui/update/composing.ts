import { limits } from '../../../schema/limits.ts'
import type { ConversationSummary } from '../../chat.ts'
import { type ChatScreen, draftOf, type Model, openConversation } from '../model.ts'
import type { Command, Next } from '../msg.ts'
import { readLine, type SlashName, slashCommands } from '../slash-commands.ts'
import { EMPTY_FIELD, fieldOf, type TextField } from '../text-field.ts'
import { patch, show, withDraft, withSummary } from './conversations.ts'

/** Enter: sends what stands in the composer, or does what it says. What cannot be done stays there. */
export function submit(model: Model, chat: ChatScreen): Next {
  const { text } = draftOf(chat)
  if (text.trim() === '') return next(model, chat)
  const line = readLine(text)
  switch (line.type) {
    case 'unknown':
      return wrong(
        model,
        chat,
        `There is no command /${line.name}. F1 shows them; // begins a text with a slash.`,
      )
    case 'command':
      return run(model, chat, { name: line.name, rest: line.rest })
    case 'text':
      return send(model, chat, line.text)
    default:
      return line satisfies never
  }
}

/** Starts or opens the conversation with a person, and sends a first text there. */
export function openWith(
  model: Model,
  chat: ChatScreen,
  { user, text }: { user: string; text?: string },
): Next {
  const known = chat.conversations.find(({ summary }) => summary.with === user)
  if (known) return opened(model, chat, { summary: known.summary, ...(text ? { text } : {}) })
  const typed = draftOf(chat).text
  return next(
    model,
    { ...chat, busy: `looking for ${user}`, flash: null },
    { type: 'open', with: user, ...(text ? { text } : {}), ...(typed ? { typed } : {}) },
  )
}

/** Shows a conversation that was asked for, and sends the first text there. */
export function opened(
  model: Model,
  chat: ChatScreen,
  { summary, text }: { summary: ConversationSummary; text?: string },
): Next {
  const shown = show(model, { ...withSummary(chat, summary), busy: null }, summary.id)
  if (text === undefined) return shown
  return {
    model: shown.model,
    commands: [...shown.commands, { type: 'send', conversation: summary.id, to: summary.with, text }],
  }
}

/** Gives back what could not be sent, unless something else was begun. */
export function giveBack(chat: ChatScreen, text: string, to?: string): ChatScreen {
  const conversation = chat.conversations.find(({ summary }) => summary.id === to)
  if (!conversation) return draftOf(chat).text === '' ? withDraft(chat, fieldOf(text)) : chat
  return patch(chat, conversation.summary.id, before =>
    before.draft.text === '' ? { ...before, draft: fieldOf(text) } : before,
  )
}

/** Tab: completes a command or a person, or says what there is. */
export function complete(model: Model, chat: ChatScreen): Next {
  const draft = draftOf(chat)
  const before = draft.text.slice(0, draft.cursor)
  const word = /\S*$/.exec(before)?.[0] ?? ''
  const found = candidates(chat, before, word)
  const [first, ...more] = found
  if (first === undefined) return next(model, chat)
  const common = more.length === 0 ? `${first} ` : commonStart(found)
  if (common.length > word.length) {
    const text = before.slice(0, before.length - word.length) + common
    const completed: TextField = { text: text + draft.text.slice(draft.cursor), cursor: text.length }
    return next(model, { ...withDraft(chat, completed), flash: null })
  }
  return next(model, { ...chat, flash: { kind: 'info', text: found.join('  ') } })
}

function candidates(chat: ChatScreen, before: string, word: string): string[] {
  const people = chat.conversations.map(({ summary }) => summary.with)
  const starting = (all: readonly string[]) => all.filter(one => one.startsWith(word.toLowerCase())).sort()
  if (before === word && word.startsWith('/')) return starting(slashCommands.map(({ name }) => `/${name}`))
  const command = slashCommands.find(({ name }) => before.startsWith(`/${name} `))
  if (command)
    return 'completesPeople' in command && before === `/${command.name} ${word}` ? starting(people) : []
  return word === '' ? [] : starting(people)
}

function commonStart(words: readonly string[]): string {
  const [first = ''] = words
  let length = first.length
  for (const word of words) while (!word.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

function send(model: Model, chat: ChatScreen, text: string): Next {
  const open = openConversation(chat)
  if (!open) return wrong(model, chat, 'Nobody to write to: /msg USER opens a conversation.')
  const bytes = new TextEncoder().encode(text).length
  if (bytes > limits.maxTextBytes) {
    const most = Math.floor(limits.maxTextBytes / 1024)
    return wrong(model, chat, `Too long by ${bytes - limits.maxTextBytes} bytes: a message holds ${most} KB.`)
  }
  const { id } = open.summary
  const sent = patch({ ...chat, flash: null }, id, before => ({
    ...before,
    draft: EMPTY_FIELD,
    anchor: null,
    newFromSeq: null,
  }))
  return next(model, sent, { type: 'send', conversation: id, to: open.summary.with, text })
}

function run(model: Model, chat: ChatScreen, { name, rest }: { name: SlashName; rest: string }): Next {
  const done = withDraft({ ...chat, flash: null }, EMPTY_FIELD)
  switch (name) {
    case 'msg': {
      const [, user = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
      if (user === '') return wrong(model, chat, '/msg needs a person: /msg USER')
      const name = user.toLowerCase().replace(/^@/, '')
      // The command itself is what comes back when nobody has that name.
      const opening = openWith(model, chat, { user: name, text })
      return afterwards(opening, screen => clearDraft(screen, chat.open))
    }
    case 'help':
      return next(model, { ...done, overlay: { type: 'help', scroll: 0 } })
    case 'logout':
      return next(model, { ...done, busy: 'logging out' }, { type: 'log-out' })
    case 'quit':
      return next(model, done, { type: 'quit' })
    default:
      return name satisfies never
  }
}

/** Empties the composer that a command was written in. */
function clearDraft(chat: ChatScreen, id: string | null): ChatScreen {
  return id === null
    ? { ...chat, draft: EMPTY_FIELD }
    : patch(chat, id, before => ({ ...before, draft: EMPTY_FIELD }))
}

function afterwards({ model, commands }: Next, change: (chat: ChatScreen) => ChatScreen): Next {
  const { screen } = model
  return screen.type === 'chat'
    ? { model: { ...model, screen: change(screen) }, commands }
    : { model, commands }
}

function wrong(model: Model, chat: ChatScreen, text: string): Next {
  return next(model, { ...chat, flash: { kind: 'error', text } })
}

function next(model: Model, chat: ChatScreen, ...commands: Command[]): Next {
  return { model: { ...model, screen: chat }, commands }
}
