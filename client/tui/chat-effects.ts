import type { Chat, Notifies, Verification } from '../chat.ts'
import { exportConversation } from './exporting.ts'
import type { ChatCommand, Msg } from './msg.ts'
import type { Paths } from './paths.ts'
import { qrModules } from './qr.ts'
import { PICTURE_PIXELS } from './view/picture.ts'
import { shortDuration } from './view/times.ts'

// Long because all that is asked of a session is asked here.

/** What the commands of an open chat are done with. */
export interface ChatTools {
  chat: Chat
  paths: Paths
  drawsQr: boolean
  /** Takes every answer. */
  dispatch: (msg: Msg) => void
}

/** So many messages that were found are asked for at a time. */
const HITS = 200

/** Asks the session what a command says, and answers. Throws what the session throws. */
export async function workInChat(command: ChatCommand, tools: ChatTools): Promise<void> {
  const { chat, paths, drawsQr, dispatch } = tools
  const showVerification = async (user: string, isNews: boolean) =>
    tellVerification(await chat.verification({ user }), { dispatch, drawsQr, isNews })
  const done = (text?: string) => dispatch({ type: 'done', ...(text === undefined ? {} : { text }) })
  switch (command.type) {
    case 'load-history':
    case 'open':
    case 'send':
    case 'send-file':
    case 'edit':
    case 'react':
    case 'delete-message':
    case 'picture':
    case 'save-file':
      return await workWithMessages(command, tools)
    case 'create-group':
    case 'group-info':
    case 'add-members':
    case 'remove-members':
    case 'set-admin':
    case 'set-title':
    case 'leave-group':
      return await workWithGroup(command, tools)
    case 'devices':
    case 'name-device':
    case 'revoke-device':
    case 'share-history':
    case 'answer-history':
      return await workWithDevices(command, tools)
    case 'export': {
      const path = await exportConversation(chat, { ...command, paths })
      return done(`Exported, not encrypted: ${path}`)
    }
    case 'search':
      return await searchInChat(command, tools)
    case 'mark-read':
      return await chat.markRead({ conversation: command.conversation, upToSeq: command.upToSeq })
    case 'typing':
      return await chat.typing({ conversation: command.conversation, isTyping: command.isTyping })
    case 'set-timer':
      await chat.setTimer({ conversation: command.conversation, afterMs: command.afterMs })
      return done()
    case 'accept':
      await chat.accept({ conversation: command.conversation })
      return done()
    case 'block': {
      const { user, isBlocked } = command
      await chat.block({ user, isBlocked })
      return done(
        isBlocked
          ? `${user} is blocked: nothing of theirs is shown. /unblock ${user}`
          : `${user} is shown again.`,
      )
    }
    case 'verification':
      return await showVerification(command.user, false)
    case 'set-verified': {
      const { user, isVerified, safetyNumber } = command
      await chat.setVerified({ user, isVerified, safetyNumber })
      return await showVerification(user, true)
    }
    case 'accept-key':
      await chat.acceptKey({ user: command.user })
      return done(`The new key of ${command.user} is accepted. /verify compares it.`)
    case 'mute':
      await chat.mute({
        conversation: command.conversation,
        isMuted: command.isMuted,
        ...(command.forMs === undefined ? {} : { forMs: command.forMs }),
      })
      return done(mutedText(command))
    case 'set-settings':
      await chat.setSettings(command.settings)
      return done(settingsText(command.settings))
    case 'log-out':
      return await chat.logOut()
    default:
      return command satisfies never
  }
}

type MessageCommand = Extract<
  ChatCommand,
  {
    type:
      | 'load-history'
      | 'open'
      | 'send'
      | 'send-file'
      | 'edit'
      | 'react'
      | 'delete-message'
      | 'picture'
      | 'save-file'
  }
>

async function workWithMessages(
  command: MessageCommand,
  { chat, paths, dispatch }: ChatTools,
): Promise<void> {
  switch (command.type) {
    case 'load-history': {
      const { type: _type, ...request } = command
      const items = await chat.history(request)
      const { conversation, beforeSeq } = request
      const isWhole = items.length < request.limit
      return dispatch({
        type: 'history',
        conversation,
        items,
        isWhole,
        ...(beforeSeq === undefined ? {} : { beforeSeq }),
      })
    }
    case 'open': {
      const summary = await chat.open({ with: command.with })
      const { text } = command
      return dispatch({ type: 'conversation-opened', summary, ...(text === undefined ? {} : { text }) })
    }
    case 'send': {
      const { to, text, about } = command
      await chat.send({ to, text, ...(about ? { replyTo: about.id } : {}) })
      return
    }
    case 'send-file': {
      const { to, as, caption, about } = command
      const path = paths.resolve(command.path)
      await chat.sendFile({
        to,
        path,
        as,
        ...(caption ? { caption } : {}),
        ...(about ? { replyTo: about.id } : {}),
      })
      return dispatch({ type: 'done' })
    }
    case 'edit':
      return await chat.edit({ id: command.about.id, text: command.text })
    case 'react':
      return await chat.react({ id: command.id, emoji: command.emoji })
    case 'delete-message':
      await chat.deleteMessage({ id: command.id })
      return dispatch({ type: 'done' })
    case 'picture': {
      const picture = await chat.picture({ id: command.id, ...PICTURE_PIXELS })
      return dispatch({ type: 'picture', id: command.id, picture })
    }
    case 'save-file': {
      const folder = command.folder === undefined ? await paths.downloads() : paths.resolve(command.folder)
      const { path } = await chat.saveFile({ id: command.id, folder })
      return dispatch({ type: 'done', text: `Saved: ${path}` })
    }
    default:
      return command satisfies never
  }
}

type GroupCommand = Extract<
  ChatCommand,
  {
    type:
      | 'create-group'
      | 'group-info'
      | 'add-members'
      | 'remove-members'
      | 'set-admin'
      | 'set-title'
      | 'leave-group'
  }
>

async function workWithGroup(command: GroupCommand, { chat, dispatch }: ChatTools): Promise<void> {
  const { group } = command
  switch (command.type) {
    case 'create-group': {
      const { title, members } = command
      const info = await chat.createGroup({ group, ...(title ? { title } : {}), members })
      return dispatch({ type: 'group', info, how: 'created' })
    }
    case 'group-info':
      return dispatch({ type: 'group', info: await chat.groupInfo({ group }), how: command.how })
    case 'add-members': {
      const info = await chat.addMembers({ group, members: command.members })
      return dispatch({ type: 'group', info, how: 'changed' })
    }
    case 'remove-members': {
      const info = await chat.removeMembers({ group, members: command.members })
      return dispatch({ type: 'group', info, how: 'changed' })
    }
    case 'set-admin': {
      const info = await chat.setAdmin({ group, user: command.user, isAdmin: command.isAdmin })
      return dispatch({ type: 'group', info, how: 'changed' })
    }
    case 'set-title': {
      const info = await chat.setTitle({ group, title: command.title })
      return dispatch({ type: 'group', info, how: 'changed' })
    }
    case 'leave-group':
      await chat.leaveGroup({ group })
      return dispatch({ type: 'done', text: `You have left ${group}.` })
    default:
      return command satisfies never
  }
}

type DeviceCommand = Extract<
  ChatCommand,
  { type: 'devices' | 'name-device' | 'revoke-device' | 'share-history' | 'answer-history' }
>

async function workWithDevices(command: DeviceCommand, { chat, dispatch }: ChatTools): Promise<void> {
  const isNews = command.type !== 'devices'
  const tellDevices = async () => dispatch({ type: 'devices', devices: await chat.devices(), isNews })
  switch (command.type) {
    case 'devices':
      return await tellDevices()
    case 'name-device':
      await chat.nameDevice({ deviceId: command.deviceId, name: command.name })
      return await tellDevices()
    case 'revoke-device':
      await chat.revokeDevice({ deviceId: command.deviceId })
      return await tellDevices()
    case 'share-history': {
      const { messages } = await chat.shareHistory({ deviceId: command.deviceId })
      const text = `${countText(messages)} offered: accept it there with /history accept.`
      return dispatch({ type: 'done', text })
    }
    case 'answer-history': {
      const { messages } = await chat.answerHistory({ id: command.id, isAccepted: command.isAccepted })
      const text = command.isAccepted
        ? `${countText(messages)} of history taken in.`
        : 'The history was declined.'
      return dispatch({ type: 'done', text })
    }
    default:
      return command satisfies never
  }
}

function tellVerification(
  verification: Verification,
  { dispatch, drawsQr, isNews }: Pick<ChatTools, 'dispatch' | 'drawsQr'> & { isNews: boolean },
): void {
  const modules = drawsQr ? qrModules(Buffer.from(verification.qr, 'base64url')) : []
  dispatch({ type: 'verification', verification, modules, isNews })
}

function settingsText({
  sendsReadReceipts,
  sendsTyping,
  showsPresence,
  notifies,
}: Extract<ChatCommand, { type: 'set-settings' }>['settings']): string {
  const lines = [
    ...(sendsReadReceipts === undefined ? [] : [`Others ${learn(sendsReadReceipts)} what you have read.`]),
    ...(sendsTyping === undefined ? [] : [`Others ${learn(sendsTyping)} when you are writing.`]),
    ...(showsPresence === undefined ? [] : [PRESENCE[showsPresence ? 'on' : 'off']]),
    ...(notifies === undefined ? [] : [TOLD[notifies]]),
  ]
  return lines.join(' ')
}

const PRESENCE = {
  on: 'The people you talk with see when you are here, and you see them.',
  off: 'Nobody sees when you are here, and you see nobody.',
} as const

const TOLD: Readonly<Record<Notifies, string>> = {
  off: 'You are not told of messages elsewhere.',
  bell: 'The bell tells you of messages elsewhere.',
  desktop: 'A notification tells you of messages elsewhere, where the terminal can.',
}

function learn(isOn: boolean): string {
  return isOn ? 'are told' : 'are not told'
}

function countText(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`
}

/** What is searched for, and the answer. */
export async function searchInChat(
  { type: _type, ...request }: Extract<ChatCommand, { type: 'search' }>,
  { chat, dispatch }: Pick<ChatTools, 'chat' | 'dispatch'>,
): Promise<void> {
  const found = await chat.search({ ...request, limit: HITS })
  dispatch({ type: 'found', ...request, found })
}

function mutedText({ isMuted, forMs }: Extract<ChatCommand, { type: 'mute' }>): string {
  if (!isMuted) return 'You are told of it again.'
  const time = forMs === undefined ? '' : ` for ${shortDuration(forMs)}`
  return `Muted${time}: you are told only when somebody names you.`
}
