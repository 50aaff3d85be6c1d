import type { MessageItem } from '../chat.ts'
import { forgetFile } from './file-records.ts'
import { forgetQuotes } from './quotes.ts'
import type { Tx } from './state.ts'
import { putMessage, removeMessage } from './timeline.ts'

/** Leaves of a message only that `by` took it back. */
export function eraseMessage(tx: Tx, { item, by }: { item: MessageItem; by: MessageItem['from'] }): void {
  const { reactions: _r, editedAt: _e, replyTo: _q, failure: _f, ...kept } = item
  putMessage(tx, { ...kept, content: { type: 'deleted', by } })
  forgetRest(tx, item)
}

/** Takes a message away without a trace but its id: a copy of it that comes later is not shown. */
export function vanishMessage(tx: Tx, item: MessageItem): void {
  tx.tables.gone.put([item.id], { id: item.id, at: tx.now })
  removeMessage(tx, item)
  // Others may not have fetched its file yet: their time begins when they have read it.
  forgetRest(tx, { ...item, mine: false })
}

/** What there is of a message beside its line: its file's key, its changes, what others quote of it. */
function forgetRest(tx: Tx, { id, mine }: MessageItem): void {
  forgetFile(tx, { id, mine })
  tx.tables.changes.delete([id])
  tx.tables.receiptsOf.delete([id])
  forgetQuotes(tx, id)
}
