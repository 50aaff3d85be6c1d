import { nameOf } from '../conversation-name.ts'
import { type Model, openConversation } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'

const MAX_NAME_CHARS = 60

/** The title of the terminal's window: how many messages are unread, and whose conversation is open. */
export function windowTitle({ screen, lock }: Model): string {
  if (screen.type === 'start') return 'fastchat'
  if (lock) return 'fastchat locked'
  const counted = screen.conversations.filter(
    ({ summary }) => !summary.isRequest && !summary.isBlocked && !summary.isMuted,
  )
  const unread = counted.reduce((sum, { summary }) => sum + summary.unread, 0)
  const open = openConversation(screen)
  const name = sanitizeLine(open ? nameOf(open.summary) : screen.me)
  const short = Array.from(name).slice(0, MAX_NAME_CHARS).join('')
  return unread > 0 ? `fastchat (${unread}) ${short}` : `fastchat ${short}`
}
