import type { ConversationId } from '../../chat.ts'
import { type About, type ChatScreen, draftOf, openConversation } from '../model.ts'
import { EMPTY_FIELD, fieldOf } from '../text-field.ts'
import { patch, withDraft } from './conversations.ts'

/** The draft is a new message again. What was written before an edit comes back; a reply keeps its text. */
export function cancelAbout(chat: ChatScreen): ChatScreen {
  const open = openConversation(chat)
  const about = open?.about
  if (!open || !about) return chat
  const draft = about.type === 'edit' ? about.before : open.draft
  return patch({ ...chat, flash: null }, open.summary.id, before => ({ ...before, about: null, draft }))
}

/** Gives back what could not be sent to where it was written, unless something else was begun there. */
export function giveBack(chat: ChatScreen, text: string, to?: ConversationId | null): ChatScreen {
  const conversation = chat.conversations.find(({ summary }) => summary.id === to)
  if (!conversation) {
    if (to === null) return chat.draft.text === '' ? { ...chat, draft: fieldOf(text) } : chat
    return draftOf(chat).text === '' ? withDraft(chat, fieldOf(text)) : chat
  }
  return patch(chat, conversation.summary.id, before =>
    before.draft.text === '' ? { ...before, draft: fieldOf(text) } : before,
  )
}

/** The same with what the text was about: it is a reply, or an edit, again. */
export function giveBackAbout(
  chat: ChatScreen,
  { conversation, text, about }: { conversation: ConversationId; text: string; about?: About },
): ChatScreen {
  return patch(chat, conversation, before => {
    const isFree = before.about === null && (before.draft.text === '' || about?.type === 'edit')
    if (!isFree) return before
    const again = about?.type === 'edit' ? { ...about, before: before.draft } : (about ?? null)
    return { ...before, draft: fieldOf(text), about: again }
  })
}

/** The composer after what stood in it went away. */
export function withoutDraft(chat: ChatScreen, id: ConversationId): ChatScreen {
  return patch({ ...chat, flash: null }, id, before => ({
    ...before,
    draft: before.about?.type === 'edit' ? before.about.before : EMPTY_FIELD,
    about: null,
  }))
}
