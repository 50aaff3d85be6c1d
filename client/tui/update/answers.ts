import type { ChatScreen, Model } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import type { GroupOverlay, Overlay } from '../overlay.ts'
import { giveBack, giveBackAbout } from './about.ts'
import { pathsFound } from './completing.ts'
import { patch } from './conversations.ts'
import { historyCame } from './events.ts'
import { next, said, wrong } from './next.ts'
import { opened } from './opening.ts'
import { pictureCame } from './pictures.ts'
import { foundCame, searchFailed } from './searching.ts'

/** What effects.ts answers. */
export type Answer = Exclude<
  Msg,
  {
    type:
      | 'key'
      | 'text'
      | 'paste'
      | 'mouse'
      | 'focus'
      | 'tick'
      | 'resize'
      | 'accounts'
      | 'chat-opened'
      | 'chat-refused'
      | 'recovery-code'
      | 'server-measured'
      | 'password-judged'
      | 'chat-event'
      | 'idle'
      | 'unlocked'
      | 'unlock-refused'
  }
>

/** What was asked for is there, done, or refused. What a person has typed for it comes back with a refusal. */
export function answered(model: Model, chat: ChatScreen, msg: Answer): Next {
  switch (msg.type) {
    case 'history':
      return historyCame(model, chat, msg)
    case 'history-failed': {
      const failed = patch(chat, msg.conversation, before => ({
        ...before,
        load: before.items.length > 0 ? 'loaded' : 'none',
      }))
      return wrong(model, { ...failed, goal: null }, msg.failure.message)
    }
    case 'conversation-opened':
      return opened(model, chat, msg)
    case 'open-refused': {
      const back = msg.typed === undefined ? chat : giveBack(chat, msg.typed)
      return wrong(model, { ...back, busy: null }, msg.failure.message)
    }
    case 'send-refused':
      return wrong(model, giveBackAbout(chat, msg), msg.failure.message)
    case 'refused': {
      const { conversation, text } = msg.typed
      return wrong(model, { ...giveBack(chat, text, conversation), busy: null }, msg.failure.message)
    }
    case 'failed':
      return wrong(model, { ...chat, busy: null }, msg.failure.message)
    case 'done': {
      const idle = { ...chat, busy: null }
      return msg.text === undefined ? next(model, idle) : said(model, idle, msg.text)
    }
    case 'group':
      return groupCame(model, { ...chat, busy: null }, msg)
    case 'verification': {
      const { verification, modules } = msg
      const overlay: Overlay = { type: 'verify', verification, modules, scroll: 0 }
      return next(model, lay({ ...chat, busy: null }, overlay, msg.isNews))
    }
    case 'devices': {
      const before = chat.overlay?.type === 'devices' ? chat.overlay : { devices: [], selected: 0 }
      const ids = [before.devices, msg.devices].map(devices => devices.map(({ deviceId }) => deviceId))
      const selected = placeAfter(before.selected, ids)
      const overlay: Overlay = { type: 'devices', devices: msg.devices, selected, prompt: null }
      return next(model, lay({ ...chat, busy: null }, overlay, msg.isNews))
    }
    case 'draft-edited': {
      const draft = { text: msg.text, cursor: msg.text.length }
      const written = { ...chat, flash: null }
      if (msg.conversation === null) return next(model, { ...written, draft })
      return next(
        model,
        patch(written, msg.conversation, before => ({ ...before, draft })),
      )
    }
    case 'picture':
      return next(model, pictureCame(chat, msg.id, msg.picture))
    case 'picture-failed': {
      const pictures = new Map(chat.pictures).set(msg.id, { failure: msg.failure.message })
      return next(model, { ...chat, pictures })
    }
    case 'found':
      return foundCame(model, chat, msg)
    case 'search-failed':
      return searchFailed(model, chat, msg)
    case 'paths':
      return pathsFound(model, chat, msg)
    default:
      return msg satisfies never
  }
}

/** Lays something over the chat, unless something else lies there by now; of news, only what is there already. */
function lay(chat: ChatScreen, overlay: Overlay, isNews: boolean): ChatScreen {
  const isFree = isNews
    ? chat.overlay?.type === overlay.type
    : chat.overlay === null || chat.overlay.type === overlay.type
  return isFree ? { ...chat, overlay } : chat
}

/** Where what is selected is in a list that came anew: it may have moved, and the next key must not mean another one. */
function placeAfter(selected: number, [before = [], after = []]: readonly (readonly string[])[]): number {
  const place = after.indexOf(before[selected] ?? '')
  return place >= 0 ? place : Math.max(0, Math.min(selected, after.length - 1))
}

function groupCame(model: Model, chat: ChatScreen, { info, how }: Extract<Msg, { type: 'group' }>): Next {
  const { overlay } = chat
  const shown = overlay?.type === 'group' && overlay.info.group === info.group ? overlay : null
  switch (how) {
    case 'members':
    case 'admin': {
      const fresh: GroupOverlay = { type: 'group', info, asAdmin: how === 'admin', selected: 0, prompt: null }
      return next(model, lay(chat, fresh, false))
    }
    case 'changed': {
      if (!shown) return next(model, chat)
      const users = [shown.info, info].map(({ members }) => members.map(({ user }) => user))
      return next(model, {
        ...chat,
        overlay: { ...shown, info, selected: placeAfter(shown.selected, users) },
      })
    }
    case 'created': {
      const others = info.members.length - 1
      const summary = {
        id: info.conversation,
        kind: 'group' as const,
        with: info.group,
        ...(info.title === undefined ? {} : { title: info.title }),
        unread: 0,
        lastAt: model.now,
        role: 'admin' as const,
        memberCount: info.members.length,
      }
      const known = chat.conversations.find(({ summary: { id } }) => id === info.conversation)
      const text =
        others === 0 ? 'The group is there: /group add USER' : `The group is there, with ${others} more.`
      const shownNow = opened(model, chat, { summary: known?.summary ?? summary })
      const { screen } = shownNow.model
      if (screen.type !== 'chat') return shownNow
      return { ...said(shownNow.model, screen, text), commands: shownNow.commands }
    }
    default:
      return how satisfies never
  }
}
