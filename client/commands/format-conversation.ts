import type { ConversationSummary, GroupInfo, GroupMember } from '../chat.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { count, isoTime, jsonLine, plainTime } from './format.ts'

/** An object of `fastchat conversations --json` and `requests --json`. */
export function formatConversationJson(summary: ConversationSummary): string {
  const { id, kind, with: other, title, unread, lastAt, role, memberCount, disappearAfterMs } = summary
  return jsonLine({
    conversation: id,
    kind,
    with: other,
    unread,
    lastAt: isoTime(lastAt),
    ...(title === undefined ? {} : { title }),
    ...(role === undefined ? {} : { role }),
    ...(memberCount === undefined ? {} : { memberCount }),
    ...(disappearAfterMs === undefined ? {} : { disappearAfterMs }),
    ...(summary.mentions ? { mentions: summary.mentions } : {}),
    ...(summary.mutedUntil === undefined ? {} : { mutedUntil: isoTime(summary.mutedUntil) }),
    ...(summary.isMuted ? { muted: true } : {}),
    ...(summary.isRequest ? { request: true } : {}),
    ...(summary.isVerified ? { verified: true } : {}),
    ...(summary.isKeyChanged ? { keyChanged: true } : {}),
    ...(summary.isBlocked ? { blocked: true } : {}),
  })
}

const roles: Record<NonNullable<ConversationSummary['role']>, string> = {
  admin: 'admin',
  member: 'member',
  gone: 'no member any more',
  refused: 'refused: its server shows a list of members that cannot be true',
}

/** A line for people: `2026-11-23 09:12:03  #ops  "Operations"  admin  3 members  2 unread`. */
export function formatConversation(summary: ConversationSummary): string {
  const { kind, unread, lastAt, disappearAfterMs } = summary
  const words = [plainTime(lastAt), ...(kind === 'group' ? groupWords(summary) : [`@${nameOf(summary)}`])]
  if (unread > 0) words.push(`${unread} unread`)
  if (summary.isRequest) words.push('request')
  if (summary.isVerified) words.push('verified')
  if (summary.isKeyChanged) words.push('account key changed')
  if (summary.isBlocked) words.push('blocked')
  if (disappearAfterMs !== undefined) words.push(`disappears after ${formatTime(disappearAfterMs)}`)
  return `${words.join('  ')}\n`
}

/** An object of `fastchat group list --json`. */
export function formatGroupEntryJson(summary: ConversationSummary): string {
  const { id, with: group, title, role, memberCount } = summary
  return jsonLine({ group, conversation: id, ...(title === undefined ? {} : { title }), role, memberCount })
}

/** A line for people of `fastchat group list`. */
export function formatGroupEntry(summary: ConversationSummary): string {
  return `${groupWords(summary).join('  ')}\n`
}

/** The object that the commands of a group print. */
export function formatGroupJson({ group, conversation, title, role, epoch, members }: GroupInfo): string {
  return jsonLine({
    group,
    conversation,
    ...(title === undefined ? {} : { title }),
    role,
    epoch,
    members: members.map(({ user, isAdmin, isMe, isVerified }) => ({ user, isAdmin, isMe, isVerified })),
  })
}

/** Lines for people: the group, and each member. */
export function formatGroup({ group, title, role, members }: GroupInfo): string {
  const head = groupWords({
    with: group,
    role,
    memberCount: members.length,
    ...(title === undefined ? {} : { title }),
  })
  return `${[head.join('  '), ...members.map(formatMember)].join('\n')}\n`
}

function formatMember({ user, isAdmin, isMe, isVerified }: GroupMember): string {
  const words = [`  ${sanitizeLine(user)}`]
  if (isAdmin) words.push('admin')
  if (isMe) words.push('you')
  if (isVerified) words.push('verified')
  return words.join('  ')
}

function groupWords({
  title,
  role,
  memberCount,
  ...rest
}: Pick<ConversationSummary, 'with' | 'title' | 'role' | 'memberCount'>): string[] {
  const words = [`#${nameOf(rest)}`]
  if (title !== undefined) words.push(`"${sanitizeLine(title)}"`)
  if (role !== undefined) words.push(roles[role])
  if (memberCount !== undefined) words.push(count(memberCount, 'member'))
  return words
}

function nameOf({ with: other }: Pick<ConversationSummary, 'with'>): string {
  return sanitizeLine(other)
}

const UNITS: readonly [string, number][] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** As `fastchat timer` takes it: `5m`. */
export function formatTime(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, size]) => ms % size === 0) ?? ['s', 1000]
  return `${Math.round(ms / unitMs)}${unit}`
}
