import type { OwnDevice } from '../chat.ts'
import { nameOf } from '../tui/conversation-name.ts'
import { blockedOf, type ChatScreen } from '../tui/model.ts'
import { canChangeGroup, type GroupOverlay, type Overlay, type VerifyOverlay } from '../tui/overlay.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { groupUsage, slashCommands } from '../tui/slash-commands.ts'
import { dayText } from '../tui/view/times.ts'
import { plainCommands } from './plain-commands.ts'

/** What would lie over the chat, as lines. */
export function overlayLines(
  overlay: Overlay,
  { chat, timeZone }: { chat: ChatScreen; timeZone: string },
): string[] {
  switch (overlay.type) {
    case 'help':
      return helpLines()
    case 'group':
      return groupLines(overlay)
    case 'devices':
      return deviceLines(overlay.devices, timeZone)
    case 'verify':
      return verifyLines(overlay)
    case 'blocked': {
      const names = blockedOf(chat).map(({ summary }) => nameOf(summary))
      return [names.length === 0 ? 'Nobody is blocked.' : `Blocked: ${names.join(', ')}. /unblock USER`]
    }
    // What was found is told when it comes; of the others no line opens any.
    case 'search':
    case 'switcher':
    case 'react':
    case 'picture':
      return []
    default:
      return overlay satisfies never
  }
}

function helpLines(): string[] {
  const line = ({ name, takes, does }: { name: string; takes: string; does: string }) =>
    `${['/', name, takes === '' ? '' : ' ', takes].join('')}: ${does}`
  return [
    'A line is sent to the conversation that was named last. Commands:',
    ...[...slashCommands, ...plainCommands].map(line),
    ...groupUsage.map(({ takes, does }) => `/${takes}: ${does}`),
    '// begins a text with a slash.',
  ]
}

function groupLines(overlay: GroupOverlay): string[] {
  const { info, asAdmin } = overlay
  const title = info.title === undefined ? '' : ` (${sanitizeLine(info.title)})`
  const members = info.members.map(({ user, isAdmin, isMe, isVerified }) => {
    const marks = [isMe ? 'you' : '', isAdmin ? 'admin' : '', isVerified ? 'verified' : ''].filter(Boolean)
    return sanitizeLine(user) + (marks.length === 0 ? '' : ` (${marks.join(', ')})`)
  })
  const hint = canChangeGroup(overlay)
    ? ['/group add, remove, promote, demote and title change it.']
    : asAdmin
      ? ['You are not an admin of this group.']
      : []
  return [`#${sanitizeLine(info.group)}${title}, members: ${members.length}`, ...members, ...hint]
}

function deviceLines(devices: readonly OwnDevice[], timeZone: string): string[] {
  return [
    'Your devices:',
    ...devices.map(({ deviceId, name, since, current, active }, index) => {
      const named = name === undefined ? `device ${deviceId.slice(-6)}` : sanitizeLine(name)
      const marks = `${current ? ', this one' : ''}${active ? '' : ', long away'}`
      return `${index + 1}. ${named}${marks}, since ${dayText(since, timeZone)}`
    }),
    '/device N name TEXT, /device N revoke, /device N history',
  ]
}

function verifyLines({ verification }: VerifyOverlay): string[] {
  const { safetyNumber, isVerified, isKeyChanged } = verification
  const user = sanitizeLine(verification.user)
  const groups = safetyNumber.match(/.{1,5}/g) ?? []
  return [
    `Safety number with ${user}:`,
    ...[0, 4, 8].map(from => groups.slice(from, from + 4).join(' ')),
    ...(isKeyChanged ? [`! ${user}'s key has changed; this is the number of the new one.`] : []),
    isVerified ? `${user} is verified. /verified ${user} off takes it back.` : `${user} is not verified.`,
    `Compare it with what ${user} sees, in another way than this chat. All twelve groups the same: /verified ${user}`,
  ]
}
