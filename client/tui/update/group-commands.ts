import { type ChatScreen, draftOf, type Model, openConversation } from '../model.ts'
import type { ChatCommand, GroupAnswer, Next } from '../msg.ts'
import { GROUP_WORDS, type GroupWord } from '../slash-commands.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { withDraft } from './conversations.ts'
import { next, wrong } from './next.ts'

/** `/group …`: makes one, or changes the one that is open. */
export function runGroup(model: Model, chat: ChatScreen, rest: string): Next {
  const [, first = '', more = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
  const word = GROUP_WORDS.find(one => one === first.toLowerCase())
  if (word === undefined) return wrong(model, chat, `/group ${GROUP_WORDS.join('|')}`)
  if (word === 'create') return create(model, chat, more)
  const open = openConversation(chat)
  if (open?.summary.kind !== 'group')
    return wrong(model, chat, `/group ${word} is for the open group: open one first.`)
  return change(model, chat, { word, group: open.summary.with, more: more.trim() })
}

/** Shows the members of a group; without a name, of the open one. */
export function askGroup(
  model: Model,
  chat: ChatScreen,
  { group, how }: { group: string; how: GroupAnswer },
): Next {
  const open = openConversation(chat)
  const openGroup = open?.summary.kind === 'group' ? open.summary.with : ''
  const wanted = group.toLowerCase().replace(/^#/, '') || openGroup
  if (wanted === '')
    return wrong(model, chat, how === 'admin' ? '/admin needs a group: /admin GROUP' : 'No group is open.')
  return ask(model, chat, {
    command: { type: 'group-info', group: wanted, how },
    busy: 'looking up the members',
  })
}

function create(model: Model, chat: ChatScreen, more: string): Next {
  const [id = '', ...words] = more.split(/\s+/)
  const group = id.toLowerCase().replace(/^#/, '')
  if (group === '') return wrong(model, chat, '/group create needs an id: /group create ID [TITLE] [@USER …]')
  const isMember = (text: string) => /^@\S/.test(text)
  const members = words.filter(isMember).map(nameOf)
  const title = words.filter(text => !isMember(text)).join(' ')
  const command: ChatCommand = { type: 'create-group', group, ...(title === '' ? {} : { title }), members }
  return ask(model, chat, { command, busy: `making ${group}` })
}

function change(
  model: Model,
  chat: ChatScreen,
  { word, group, more }: { word: Exclude<GroupWord, 'create'>; group: string; more: string },
): Next {
  const users = more
    .split(/\s+/)
    .filter(text => text !== '')
    .map(nameOf)
  const [user] = users
  switch (word) {
    case 'add':
    case 'remove': {
      if (user === undefined) return wrong(model, chat, `/group ${word} needs a person: /group ${word} USER`)
      const type = word === 'add' ? ('add-members' as const) : ('remove-members' as const)
      const busy = word === 'add' ? 'adding' : 'removing'
      return ask(model, chat, { command: { type, group, members: users }, busy })
    }
    case 'promote':
    case 'demote': {
      if (user === undefined) return wrong(model, chat, `/group ${word} needs a person: /group ${word} USER`)
      const command = { type: 'set-admin' as const, group, user, isAdmin: word === 'promote' }
      return ask(model, chat, { command, busy: 'changing the group' })
    }
    case 'title':
      if (more === '') return wrong(model, chat, '/group title needs a title: /group title TEXT')
      return ask(model, chat, {
        command: { type: 'set-title', group, title: more },
        busy: 'changing the title',
      })
    case 'leave': {
      const question = {
        text: `Leave ${group}? What is written there later cannot be read.`,
        commands: [{ type: 'leave-group' as const, group }],
        busy: 'leaving',
      }
      return next(model, { ...withDraft({ ...chat, flash: null }, EMPTY_FIELD), question })
    }
    default:
      return word satisfies never
  }
}

/** Empties the composer and asks; the line comes back when it is refused. */
function ask(
  model: Model,
  chat: ChatScreen,
  { command, busy }: { command: ChatCommand; busy: string },
): Next {
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  const asked = withDraft({ ...chat, flash: null, busy }, EMPTY_FIELD)
  return next(model, asked, { ...command, typed } as ChatCommand)
}

function nameOf(typed: string): string {
  return typed.toLowerCase().replace(/^@/, '')
}
