import type { MessageId } from '../../schema/ids.ts'
import type { MessageItem } from '../chat.ts'
import type { Tx } from './state.ts'
import { excerptOf, findMessage, putMessage } from './timeline.ts'

/** So many answers show what they answer: each of them is written anew when that changes. */
export const maxQuotes = 500

/** A line that answers another one has come: what it shows of that one will follow it. */
export function noteQuote(tx: Tx, { id, replyTo, ...item }: MessageItem): void {
  const { tables } = tx
  if (replyTo === undefined) return
  const quoted = tables.quoted.get([replyTo.id]) ?? { serial: tx.nextSerial(), count: 0 }
  if (quoted.count >= maxQuotes) {
    // Nothing of the message stays where nobody would find it when it is taken back.
    putMessage(tx, { ...item, id, replyTo: { id: replyTo.id } })
    return
  }
  tables.quoted.put([replyTo.id], { ...quoted, count: quoted.count + 1 })
  tables.quotes.put([quoted.serial, tx.nextSerial()], { id })
}

/** A message has come, has changed or is no more: its answers show what there is of it now. */
export function refreshQuotes(tx: Tx, id: MessageId): void {
  const { tables } = tx
  const quoted = tables.quoted.get([id])
  if (!quoted) return
  for (const { key, value } of [...tables.quotes.range({ prefix: [quoted.serial] })]) {
    const item = findMessage(tables, value.id)
    if (item?.replyTo?.id === id) {
      putMessage(tx, { ...item, replyTo: excerptOf(tables, { id, conversation: item.conversation }) })
    } else if (!item) tables.quotes.delete(key)
  }
}

/** A message is no more, or never changes again: its answers show that, and need not be found any more. */
export function forgetQuotes(tx: Tx, id: MessageId): void {
  const { tables } = tx
  refreshQuotes(tx, id)
  const quoted = tables.quoted.get([id])
  if (!quoted) return
  tables.quoted.delete([id])
  for (const { key } of [...tables.quotes.range({ prefix: [quoted.serial] })]) tables.quotes.delete(key)
}
