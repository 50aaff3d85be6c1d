import { findEmojis } from '../emoji.ts'
import { type ChatScreen, draftOf, type Model, openConversation } from '../model.ts'
import type { Next } from '../msg.ts'
import { type SlashCommand, slashCommands, takePath, writePath } from '../slash-commands.ts'
import type { TextField } from '../text-field.ts'
import { withDraft } from './conversations.ts'
import { next, said } from './next.ts'

/** Tab: completes a command, a person, a group, an emoji or a path, or says what there is. */
export function complete(model: Model, chat: ChatScreen): Next {
  const draft = draftOf(chat)
  const before = draft.text.slice(0, draft.cursor)
  const path = pathAt(before)
  if (path) return next(model, chat, { type: 'complete-path', typed: path.path })
  const word = /\S*$/.exec(before)?.[0] ?? ''
  if (/^:[a-z+]{2,}$/i.test(word)) return completeEmoji(model, chat, { draft, word })
  return take(model, chat, {
    draft,
    from: draft.cursor - word.length,
    found: candidates(model, chat, { before, word }),
  })
}

/** Paths that were asked for; nothing when something else was written meanwhile. */
export function pathsFound(
  model: Model,
  chat: ChatScreen,
  { typed, found }: { typed: string; found: readonly string[] },
): Next {
  const draft = draftOf(chat)
  const before = draft.text.slice(0, draft.cursor)
  const path = pathAt(before)
  if (path?.path !== typed) return next(model, chat)
  if (found.length === 0) return said(model, chat, 'Nothing begins so.')
  const [only, ...more] = found
  const isFile = more.length === 0 && !only?.endsWith('/')
  const common = commonStart(found)
  if (common.length > typed.length || isFile) {
    const text = before.slice(0, path.from) + writePath(common) + (isFile ? ' ' : '')
    return next(model, { ...withDraft(chat, replace(draft, text)), flash: null })
  }
  const names = found.map(one => one.slice(one.lastIndexOf('/', one.length - 2) + 1))
  return said(model, chat, names.join('  '))
}

/** The path that is being written as the first argument of a command that takes one. */
function pathAt(before: string): { path: string; from: number } | null {
  const [start, name] = /^\/(\S+)\s+/.exec(before) ?? []
  const command = (slashCommands as readonly SlashCommand[]).find(one => one.name === name?.toLowerCase())
  if (start === undefined || command?.completes !== 'path') return null
  const argument = before.slice(start.length)
  const { path, rest } = takePath(argument)
  const isEnded = rest !== '' || /[^\\]\s$/.test(argument)
  return isEnded ? null : { path, from: start.length }
}

function candidates(
  { themes }: Model,
  chat: ChatScreen,
  { before, word }: { before: string; word: string },
): string[] {
  const direct = chat.conversations.filter(({ summary }) => summary.kind === 'direct')
  const people = direct.map(({ summary }) => summary.with)
  const groups = chat.conversations
    .filter(({ summary }) => summary.kind === 'group')
    .map(({ summary }) => summary.with)
  const starting = (all: readonly string[]) => all.filter(one => one.startsWith(word.toLowerCase())).sort()
  const named = (all: readonly string[], sign: string) => all.map(name => sign + name)
  if (before === word && word.startsWith('/')) return starting(slashCommands.map(({ name }) => `/${name}`))
  if (word.startsWith('@')) return starting(named([...new Set([...people, ...writersOf(chat)])], '@'))
  if (word.startsWith('#')) return starting(named(groups, '#'))
  const command = (slashCommands as readonly SlashCommand[]).find(({ name }) =>
    before.startsWith(`/${name} `),
  )
  if (!command) return word === '' ? [] : starting(people)
  if (before !== `/${command.name} ${word}`) return command.name === 'group' ? starting(people) : []
  switch (command.completes) {
    case undefined:
    case 'path':
      return []
    case 'people':
      return starting(people)
    case 'groups':
      return starting(groups)
    case 'themes':
      return starting(themes)
    default:
      return starting(command.completes)
  }
}

/** Who has written in the open group, as far as it is loaded. */
function writersOf(chat: ChatScreen): string[] {
  const open = openConversation(chat)
  if (open?.summary.kind !== 'group') return []
  return open.items.flatMap(item => (item.kind === 'message' && !item.mine ? item.from : []))
}

function completeEmoji(
  model: Model,
  chat: ChatScreen,
  { draft, word }: { draft: TextField; word: string },
): Next {
  const name = word.slice(1).toLowerCase()
  const found = findEmojis(name)
  const exact =
    found.find(one => one.name.split(' ').includes(name)) ?? (found.length === 1 ? found[0] : undefined)
  if (exact) return take(model, chat, { draft, from: draft.cursor - word.length, found: [exact.emoji] })
  const names = found.map(one => `${one.emoji} :${one.name.split(' ')[0]}`)
  return names.length === 0 ? next(model, chat) : said(model, chat, names.join('  '))
}

/** Writes what all that was found have in common in place of what stands before the cursor, or says what there is. */
function take(
  model: Model,
  chat: ChatScreen,
  { draft, from, found }: { draft: TextField; from: number; found: readonly string[] },
): Next {
  const [first, ...more] = found
  if (first === undefined) return next(model, chat)
  const common = more.length === 0 ? `${first} ` : commonStart(found)
  if (more.length > 0 && common.length <= draft.cursor - from) return said(model, chat, found.join('  '))
  return next(model, { ...withDraft(chat, replace(draft, draft.text.slice(0, from) + common)), flash: null })
}

function replace(draft: TextField, before: string): TextField {
  return { text: before + draft.text.slice(draft.cursor), cursor: before.length }
}

function commonStart(words: readonly string[]): string {
  const [first = ''] = words
  let length = first.length
  for (const word of words) while (!word.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}
