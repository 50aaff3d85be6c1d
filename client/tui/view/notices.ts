import type { Notice, RosterTrouble } from '../../chat.ts'
import { sanitizeLine } from '../sanitize.ts'
import { durationText } from './times.ts'

/** What the program says in a conversation, in plain words. `isWarning`: the person should look. */
export function noticeText(notice: Notice, me: string): { text: string; isWarning: boolean } {
  const warn = (text: string) => ({ text, isWarning: true })
  const tell = (text: string) => ({ text, isWarning: false })
  switch (notice.type) {
    case 'device-added':
      if (notice.user === me) {
        return warn(
          'A new device was added to your account. If it is not yours, shut it out: /devices. There you can also send it history.',
        )
      }
      return warn(`${sanitizeLine(notice.user)} has a new device. If that surprises you, ask in another way.`)
    case 'account-key-changed':
      return warn(
        `${sanitizeLine(notice.user)}'s key has changed: this may be somebody else. Nothing is sent until you have checked: /verify, then /trust.`,
      )
    case 'account-key-accepted':
      return tell(`You have accepted the new key of ${sanitizeLine(notice.user)}.`)
    case 'verified':
      return tell(
        notice.isVerified
          ? `You have verified ${sanitizeLine(notice.user)}: the safety numbers are the same.`
          : `${sanitizeLine(notice.user)} is not verified any more.`,
      )
    case 'gap':
      return warn(
        notice.missing === 1
          ? `A message of ${sanitizeLine(notice.from)} is missing.`
          : `${notice.missing} messages of ${sanitizeLine(notice.from)} are missing.`,
      )
    case 'timer':
      return tell(
        notice.afterMs === null
          ? `${subject(notice.by, me)} turned disappearing messages off.`
          : `${subject(notice.by, me)} let messages disappear after ${durationText(notice.afterMs)}.`,
      )
    case 'title':
      return tell(`${subject(notice.by, me)} named the group “${sanitizeLine(notice.title)}”.`)
    case 'group-created':
      return tell(`${subject(notice.by, me)} made this group.`)
    case 'joined':
      return tell(
        `${subject(notice.by, me)} added you to this group. What was written before cannot be read.`,
      )
    case 'members-added':
      return tell(`${subject(notice.by, me)} added ${people(notice.users, me)}.`)
    case 'members-removed':
      return tell(`${subject(notice.by, me)} removed ${people(notice.users, me)}.`)
    case 'member-left':
      return tell(`${subject(notice.user, me)} left the group.`)
    case 'admin-changed':
      return tell(
        notice.isAdmin
          ? `${subject(notice.by, me)} made ${object(notice.user, me)} an admin.`
          : `${subject(notice.by, me)} took the admin's rights from ${object(notice.user, me)}.`,
      )
    case 'roster-refused': {
      const what = notice.from === undefined ? 'Something' : `A message of ${object(notice.from, me)}`
      return warn(`${what} is not shown: ${troubleText(notice.reason)}`)
    }
    case 'change-failed':
      return warn(`Your ${WHAT[notice.what]} was refused: ${sanitizeLine(notice.message)}`)
    case 'history-received':
      return tell(`History of another device of yours was taken in: ${notice.messages} messages.`)
    default:
      // The owner of the session may be a newer version.
      notice satisfies never
      return tell('Something that this version cannot show.')
  }
}

const WHAT: Readonly<Record<Extract<Notice, { type: 'change-failed' }>['what'], string>> = {
  edit: 'edit of a message',
  delete: 'deletion of a message',
  reaction: 'reaction',
  timer: 'time for disappearing messages',
  title: 'new title',
}

function troubleText(reason: RosterTrouble): string {
  switch (reason) {
    case 'unreachable':
      return 'the server keeps back a change of this group that it builds on.'
    case 'forked':
      return 'it belongs to another history of this group than the one you know, so the server or a member is lying.'
    case 'invalid':
      return 'it builds on a change of this group that no admin could have made.'
    case 'not-a-member':
      return 'whoever wrote it is not in this group.'
    case 'key-changed':
      return "a member's key is not the one you know: /verify them, then /trust."
    default:
      reason satisfies never
      return 'the group is not what the server says it is.'
  }
}

const MAX_NAMED = 5

function people(users: readonly string[], me: string): string {
  const named = users.slice(0, MAX_NAMED).map(user => object(user, me))
  const more = users.length - named.length
  if (more > 0) return `${named.join(', ')} and ${more} more`
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
}

function subject(user: string, me: string): string {
  return user === me ? 'You' : sanitizeLine(user)
}

function object(user: string, me: string): string {
  return user === me ? 'you' : sanitizeLine(user)
}
