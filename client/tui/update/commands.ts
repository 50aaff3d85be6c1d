import { limits } from '../../../schema/limits.ts'
import type { ConversationSummary } from '../../chat.ts'
import { NOTIFIES } from '../../settings.ts'
import { addressOf, troubleOf } from '../conversation-name.ts'
import { type ChatScreen, type Conversation, draftOf, type Model, openConversation } from '../model.ts'
import type { ChatCommand, Next, Typed } from '../msg.ts'
import { readDuration, type SlashName, takePath } from '../slash-commands.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { fileName } from '../view/message-text.ts'
import { withoutDraft } from './about.ts'
import { patch, withDraft } from './conversations.ts'
import { askGroup, runGroup } from './group-commands.ts'
import { lockScreen } from './locking.ts'
import { afterwards, next, said, wrong } from './next.ts'
import { openWith } from './opening.ts'
import { openSearch } from './searching.ts'

/** Does what a line says that begins with `/`. The line comes back when the session refuses. */
export function runCommand(
  model: Model,
  chat: ChatScreen,
  { name, rest }: { name: SlashName; rest: string },
): Next {
  const done = withDraft({ ...chat, flash: null }, EMPTY_FIELD)
  const typed: Typed = { conversation: chat.open, text: draftOf(chat).text }
  const ask = (command: ChatCommand, busy: string): Next => next(model, { ...done, busy }, command)
  const open = openConversation(chat)
  switch (name) {
    case 'msg':
      return message(model, chat, rest)
    case 'image':
    case 'file':
      return sendFile(model, chat, { as: name, rest })
    case 'save':
      return save(model, chat, rest)
    case 'group':
      return runGroup(model, chat, rest)
    case 'search':
      return openSearch(model, done, rest)
    case 'export': {
      if (!open) return wrong(model, chat, 'No conversation is open.')
      const { path } = takePath(rest)
      const named = path === '' ? {} : { path }
      return ask({ type: 'export', conversation: open.summary.id, ...named, typed }, 'exporting')
    }
    case 'members':
      return askGroup(model, chat, { group: '', how: 'members' })
    case 'admin':
      return askGroup(model, chat, { group: rest, how: 'admin' })
    case 'accept':
      if (!open?.summary.isRequest) return wrong(model, chat, 'There is nothing to accept here.')
      return ask({ type: 'accept', conversation: open.summary.id, typed }, 'accepting')
    case 'block':
    case 'unblock': {
      const user = personOf(chat, rest)
      if (user === null) return wrong(model, chat, `/${name} needs a person: /${name} USER`)
      if (user === chat.me) return wrong(model, chat, 'That is you.')
      const isBlocked = name === 'block'
      return ask({ type: 'block', user, isBlocked, typed }, isBlocked ? 'blocking' : 'unblocking')
    }
    case 'mute':
    case 'unmute': {
      if (!open) return wrong(model, chat, 'No conversation is open.')
      return mute(model, chat, { summary: open.summary, isMuted: name === 'mute', rest })
    }
    case 'notify':
      return notify(model, chat, rest)
    case 'blocked':
      return next(model, { ...done, overlay: { type: 'blocked', selected: 0 } })
    case 'verify': {
      const user = personOf(chat, rest)
      if (user === null) return wrong(model, chat, '/verify needs a person: /verify USER')
      return ask({ type: 'verification', user, typed }, `looking up the key of ${user}`)
    }
    case 'trust':
      return trust(model, chat, rest)
    case 'devices':
      return ask({ type: 'devices', typed }, 'looking up your devices')
    case 'history':
      return history(model, chat, rest)
    case 'timer':
      return timer(model, chat, rest)
    case 'receipts':
    case 'typing':
    case 'presence':
      return setting(model, chat, { name, rest })
    case 'theme':
      return theme(model, chat, rest)
    case 'lock':
      return next(lockScreen(model), done)
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

function message(model: Model, chat: ChatScreen, rest: string): Next {
  const [, name = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
  if (name === '') return wrong(model, chat, '/msg needs a person: /msg USER')
  // The command itself is what comes back when nobody has that name.
  const opening = openWith(model, chat, { to: name.toLowerCase(), text })
  return afterwards(opening, (after, screen) => next(after, clearDraft(screen, chat.open)))
}

/** Empties the composer that a command was written in. */
function clearDraft(chat: ChatScreen, id: string | null): ChatScreen {
  return id === null
    ? { ...chat, draft: EMPTY_FIELD }
    : patch(chat, id, before => ({ ...before, draft: EMPTY_FIELD }))
}

/** The person that is named, or else whom the open conversation is with. */
function personOf(chat: ChatScreen, rest: string): string | null {
  if (rest !== '') return rest.toLowerCase().replace(/^@/, '')
  const open = openConversation(chat)
  return open?.summary.kind === 'direct' ? open.summary.with : null
}

function sendFile(
  model: Model,
  chat: ChatScreen,
  { as, rest }: { as: 'image' | 'file'; rest: string },
): Next {
  const open = openConversation(chat)
  if (!open) return wrong(model, chat, 'Nobody to send it to: /msg USER opens a conversation.')
  const { path, rest: caption } = takePath(rest)
  if (path === '') return wrong(model, chat, `/${as} needs a path: /${as} PATH`)
  const trouble = troubleOf(open.summary)
  if (trouble !== null) return wrong(model, chat, trouble)
  const { id } = open.summary
  const sent = patch(withoutDraft(chat, id), id, before => ({ ...before, anchor: null, newFromSeq: null }))
  return next(
    model,
    { ...sent, busy: `reading ${fileName(path)}` },
    {
      type: 'send-file',
      conversation: id,
      to: addressOf(open.summary),
      path,
      as,
      ...(caption === '' ? {} : { caption }),
      ...(open.about ? { about: open.about } : {}),
      typed: { conversation: id, text: open.draft.text },
    },
  )
}

function save(model: Model, chat: ChatScreen, rest: string): Next {
  const open = openConversation(chat)
  const item = open && lastFile(open)
  if (item?.kind !== 'message' || item.content.type !== 'file') {
    return wrong(model, chat, 'There is no file in this conversation, as far as it was loaded.')
  }
  const { path: folder } = takePath(rest)
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  return next(
    model,
    { ...withDraft({ ...chat, flash: null }, EMPTY_FIELD), busy: `saving ${fileName(item.content.name)}` },
    { type: 'save-file', id: item.id, ...(folder === '' ? {} : { folder }), typed },
  )
}

function lastFile({ items }: Conversation): Conversation['items'][number] | undefined {
  return items.findLast(item => item.kind === 'message' && item.content.type === 'file')
}

function trust(model: Model, chat: ChatScreen, rest: string): Next {
  const user = personOf(chat, rest)
  if (user === null) return wrong(model, chat, '/trust needs a person: /trust USER')
  const question = {
    text: `Accept the new key of ${user}? Compare the safety number before: /verify.`,
    commands: [{ type: 'accept-key' as const, user }],
    busy: 'accepting the key',
  }
  return next(model, { ...withDraft({ ...chat, flash: null }, EMPTY_FIELD), question })
}

function history(model: Model, chat: ChatScreen, rest: string): Next {
  const [offer] = chat.historyOffers
  const word = rest.toLowerCase()
  if (!offer)
    return wrong(model, chat, 'No device of yours offers history. On an older one: /devices, then h.')
  if (word !== 'accept' && word !== 'decline')
    return wrong(model, chat, '/history accept, or /history decline')
  const isAccepted = word === 'accept'
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  return next(
    model,
    {
      ...withDraft({ ...chat, flash: null }, EMPTY_FIELD),
      busy: isAccepted ? 'taking the history in' : 'declining the history',
    },
    { type: 'answer-history', id: offer.id, isAccepted, typed },
  )
}

function timer(model: Model, chat: ChatScreen, rest: string): Next {
  const open = openConversation(chat)
  if (!open) return wrong(model, chat, 'No conversation is open.')
  const afterMs = readDuration(rest)
  if (afterMs === undefined) return wrong(model, chat, '/timer off, or a time: /timer 30s, 5m, 1h, 1d, 1w')
  if (afterMs !== null && (afterMs < limits.minDisappearMs || afterMs > limits.maxDisappearMs)) {
    return wrong(model, chat, 'Messages can disappear after 5 seconds at least, and 365 days at most.')
  }
  const trouble = troubleOf(open.summary)
  if (trouble !== null) return wrong(model, chat, trouble)
  const { id } = open.summary
  const typed = { conversation: id, text: open.draft.text }
  const done = withDraft({ ...chat, flash: null, busy: 'setting the time' }, EMPTY_FIELD)
  return next(model, done, { type: 'set-timer', conversation: id, afterMs, typed })
}

/** The commands that switch something on and off. */
const SWITCHES = { receipts: 'sendsReadReceipts', typing: 'sendsTyping', presence: 'showsPresence' } as const

function setting(
  model: Model,
  chat: ChatScreen,
  { name, rest }: { name: keyof typeof SWITCHES; rest: string },
): Next {
  const key = SWITCHES[name]
  const word = rest.toLowerCase()
  if (word !== 'on' && word !== 'off') {
    const isOn = chat.settings[key]
    return said(
      model,
      chat,
      `/${name} is ${isOn ? 'on' : 'off'}: /${name} ${isOn ? 'off' : 'on'} changes it.`,
    )
  }
  const isOn = word === 'on'
  const settings = { [key]: isOn }
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  const done = withDraft({ ...chat, flash: null, busy: 'setting it' }, EMPTY_FIELD)
  return next(model, done, { type: 'set-settings', settings, typed })
}

function mute(
  model: Model,
  chat: ChatScreen,
  { summary, isMuted, rest }: { summary: ConversationSummary; isMuted: boolean; rest: string },
): Next {
  const isForGood = rest === '' || rest.toLowerCase() === 'always'
  const forMs = isMuted && !isForGood ? readDuration(rest) : undefined
  const isWrong = isMuted ? !isForGood && !(forMs && forMs <= limits.maxMuteMs) : rest !== ''
  if (isWrong) return wrong(model, chat, '/mute, or for a time: /mute 1h, 8h, 1d, 1w; /unmute ends it.')
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  const done = withDraft({ ...chat, flash: null, busy: 'noting it' }, EMPTY_FIELD)
  const time = forMs ? { forMs } : {}
  return next(model, done, { type: 'mute', conversation: summary.id, isMuted, ...time, typed })
}

function theme(model: Model, chat: ChatScreen, rest: string): Next {
  const name = rest.toLowerCase()
  const known = model.themes.join(', ')
  if (name === '')
    return said(model, withDraft(chat, EMPTY_FIELD), `The theme is ${model.theme}; there are ${known}.`)
  if (!model.themes.includes(name)) return wrong(model, chat, `There is no such theme; there are ${known}.`)
  const done = withDraft(chat, EMPTY_FIELD)
  const chosen = said({ ...model, theme: name }, done, `theme = "${name}" in config.toml keeps it.`)
  return { ...chosen, commands: [{ type: 'theme', name }] }
}

function notify(model: Model, chat: ChatScreen, rest: string): Next {
  const notifies = NOTIFIES.find(one => one === rest.toLowerCase())
  if (!notifies) {
    return said(
      model,
      chat,
      `/notify is ${chat.settings.notifies}: /notify ${NOTIFIES.join('|')} changes it.`,
    )
  }
  const typed = { conversation: chat.open, text: draftOf(chat).text }
  const done = withDraft({ ...chat, flash: null, busy: 'setting it' }, EMPTY_FIELD)
  return next(model, done, { type: 'set-settings', settings: { notifies }, typed })
}
