import type { ConversationSummary, MessageItem, TimelineItem } from '../chat.ts'
import type { SelectionAction } from './keys.ts'

/** Of a message that was taken back there is nothing left to do anything with. */
export function canSelect(item: TimelineItem): item is MessageItem {
  return item.kind === 'message' && item.content.type !== 'deleted'
}

/** Whether a key makes sense on a message. */
export function canDo(
  action: SelectionAction,
  { item, summary }: { item: MessageItem; summary: ConversationSummary },
): boolean {
  const { content, mine } = item
  switch (action) {
    case 'above':
    case 'below':
    case 'leave':
    case 'reply':
    case 'react':
      return true
    case 'edit':
      return mine && (content.type === 'text' || content.type === 'file')
    case 'delete':
      return mine || (summary.kind === 'group' && summary.role === 'admin')
    case 'save':
      return content.type === 'file'
    case 'open':
      return content.type === 'file' && content.image !== undefined
    case 'copy':
      return content.type === 'text' || (content.type === 'file' && content.caption !== undefined)
    default:
      return action satisfies never
  }
}
