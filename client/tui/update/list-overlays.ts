import { actionOf, type Keymap } from '../keymap.ts'
import { actionIn } from '../keys.ts'
import type { ChatScreen, Model, Question } from '../model.ts'
import type { ChatCommand, Next } from '../msg.ts'
import { canChangeGroup, type DevicesOverlay, type GroupOverlay, type Prompt } from '../overlay.ts'
import { sanitizeLine } from '../sanitize.ts'
import { EMPTY_FIELD, edit, fieldOf } from '../text-field.ts'
import { isEdit } from './edits.ts'
import { next, wrong } from './next.ts'

/** Keys over the members of a group. */
export function inGroup(
  model: Model,
  chat: ChatScreen,
  { overlay, key }: { overlay: GroupOverlay; key: string },
): Next {
  const { info, selected, prompt } = overlay
  const stay = (change: Partial<GroupOverlay>) => ({
    ...chat,
    flash: null,
    overlay: { ...overlay, ...change },
  })
  if (prompt) {
    if (key !== 'enter') return next(model, stay({ prompt: prompted(prompt, key, model.keymap) }))
    const command = groupAnswer(info.group, prompt)
    return command
      ? next(model, { ...stay({ prompt: null }), busy: 'changing the group' }, command)
      : next(model, stay({ prompt: null }))
  }
  const moved = movedBy(selected, key, info.members.length)
  if (moved !== null) return next(model, stay({ selected: moved }))
  const action = canChangeGroup(overlay) ? actionIn(model.keymap.members, key) : undefined
  const member = info.members[selected]
  switch (action) {
    case undefined:
      return next(model, chat)
    case 'add':
      return next(model, stay({ prompt: { what: 'add', field: EMPTY_FIELD } }))
    case 'title':
      return next(model, stay({ prompt: { what: 'title', field: fieldOf(sanitizeLine(info.title ?? '')) } }))
    case 'remove': {
      if (!member) return next(model, chat)
      if (member.isMe) return wrong(model, chat, 'That is you: /group leave takes you out.')
      const question: Question = {
        text: `Remove ${member.user} from ${info.group}?`,
        commands: [{ type: 'remove-members', group: info.group, members: [member.user] }],
        busy: `removing ${member.user}`,
      }
      return next(model, { ...chat, flash: null, question })
    }
    case 'promote': {
      if (!member) return next(model, chat)
      const { user, isAdmin, isMe } = member
      const command: ChatCommand = { type: 'set-admin', group: info.group, user, isAdmin: !isAdmin }
      if (!isMe) return next(model, { ...stay({}), busy: 'changing the group' }, command)
      const question: Question = {
        text: 'Give up being an admin? Only another admin can give it back.',
        commands: [command],
        busy: 'changing the group',
      }
      return next(model, { ...chat, flash: null, question })
    }
    default:
      return action satisfies never
  }
}

function groupAnswer(group: string, { what, field }: Prompt): ChatCommand | null {
  const text = field.text.trim()
  if (text === '') return null
  if (what === 'title') return { type: 'set-title', group, title: text }
  const members = text
    .toLowerCase()
    .split(/[\s,]+/)
    .map(user => user.replace(/^@/, ''))
    .filter(user => user !== '')
  return members.length === 0 ? null : { type: 'add-members', group, members }
}

/** Keys over the devices of this account. */
export function inDevices(
  model: Model,
  chat: ChatScreen,
  { overlay, key }: { overlay: DevicesOverlay; key: string },
): Next {
  const { devices, selected, prompt } = overlay
  const stay = (change: Partial<DevicesOverlay>) => ({
    ...chat,
    flash: null,
    overlay: { ...overlay, ...change },
  })
  const device = devices[selected]
  if (prompt) {
    if (key !== 'enter') return next(model, stay({ prompt: prompted(prompt, key, model.keymap) }))
    const name = prompt.field.text.trim()
    const named = { ...stay({ prompt: null }), busy: 'naming it' }
    if (!device) return next(model, stay({ prompt: null }))
    return next(model, named, {
      type: 'name-device',
      deviceId: device.deviceId,
      name: name === '' ? null : name,
    })
  }
  const moved = movedBy(selected, key, devices.length)
  if (moved !== null) return next(model, stay({ selected: moved }))
  const action = actionIn(model.keymap.devices, key)
  if (!device || action === undefined) return next(model, chat)
  const { deviceId, current } = device
  const called = device.name === undefined ? 'this device' : `“${sanitizeLine(device.name)}”`
  const ask = (question: Question) => next(model, { ...chat, flash: null, question })
  switch (action) {
    case 'rename':
      return next(
        model,
        stay({ prompt: { what: 'rename', field: fieldOf(sanitizeLine(device.name ?? '')) } }),
      )
    case 'revoke':
      return ask({
        text: current
          ? 'This is the device you are at: it is shut out at once, and what is only here is lost. Revoke it?'
          : `Shut ${called} out for good? It can read nothing more.`,
        commands: [{ type: 'revoke-device', deviceId }],
        busy: 'shutting it out',
      })
    case 'history':
      if (current)
        return wrong(
          model,
          chat,
          'That is the device you are at: choose the one that is to have the history.',
        )
      return ask({
        text: `Offer ${called} all messages that are here? It is asked before it takes them.`,
        commands: [{ type: 'share-history', deviceId }],
        busy: 'packing the history',
      })
    default:
      return action satisfies never
  }
}

/** The line that is asked for after a key; null: it was given up. */
function prompted(prompt: Prompt, key: string, keymap: Keymap): Prompt | null {
  if (key === 'escape') return null
  const action = actionOf(keymap, key)
  return action !== undefined && isEdit(action) ? { ...prompt, field: edit(prompt.field, action) } : prompt
}

const PAGE_ROWS = 10

function movedBy(selected: number, key: string, count: number): number | null {
  const steps = { up: -1, down: 1, 'page-up': -PAGE_ROWS, 'page-down': PAGE_ROWS, home: -count, end: count }
  const step = steps[key as keyof typeof steps]
  return step === undefined ? null : Math.max(0, Math.min(selected + step, count - 1))
}
