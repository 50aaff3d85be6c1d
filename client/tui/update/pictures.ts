import type { Picture } from '../../chat.ts'
import { type ChatScreen, openConversation, type PictureState } from '../model.ts'
import type { Command, Next } from '../msg.ts'
import { paneOf, visibleItems } from '../view/pane.ts'
import { next } from './next.ts'

/** Larger pictures are fetched only when the person asks for them. */
const MAX_UNASKED_BYTES = 8 * 1024 * 1024
/** A decoded picture is up to 900 KB; those out of sight for long are asked for again when they come back. */
const MAX_KEPT = 32

/** Asks for the pictures that have come into sight. Of somebody who was not accepted nothing is fetched. */
export function askPictures({ model, commands }: Next): Next {
  const { screen: chat } = model
  if (chat.type !== 'chat') return { model, commands }
  const open = openConversation(chat)
  if (!open?.hasPictures || open.summary.isRequest || open.summary.isBlocked) return { model, commands }
  const pane = paneOf(model, chat)
  const wanted = pane ? visibleItems(pane).flatMap(item => wantedOf(chat, item)) : []
  if (wanted.length === 0) return { model, commands }
  const pictures = new Map<string, PictureState>(chat.pictures)
  for (const id of wanted) pictures.set(id, 'loading')
  const ask = wanted.map<Command>(id => ({ type: 'picture', id }))
  return next(model, { ...chat, pictures }, ...commands, ...ask)
}

/** A picture that was asked for; the oldest of too many goes. */
export function pictureCame(chat: ChatScreen, id: string, picture: Picture): ChatScreen {
  const pictures = new Map(chat.pictures)
  pictures.delete(id)
  pictures.set(id, picture)
  const decoded = [...pictures].filter(([, state]) => typeof state === 'object' && 'rgb' in state)
  for (const [oldest] of decoded.slice(0, Math.max(0, decoded.length - MAX_KEPT))) pictures.delete(oldest)
  return { ...chat, pictures }
}

function wantedOf({ pictures }: ChatScreen, item: ReturnType<typeof visibleItems>[number]): string[] {
  if (item.kind !== 'message' || item.content.type !== 'file' || pictures.has(item.id)) return []
  const { image, state, size } = item.content
  const isWanted =
    image !== undefined && (state === 'here' || (state === 'remote' && size <= MAX_UNASKED_BYTES))
  return isWanted ? [item.id] : []
}
