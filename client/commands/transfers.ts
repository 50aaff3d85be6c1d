import type { Chat, ChatEvent, Transfer } from '../chat.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { formatSize } from './format.ts'
import type { Io } from './io.ts'

/** Whether a file has moved on: while one does, a command does not give up. */
export function isMoving(event: ChatEvent): boolean {
  return event.type === 'transfer' && event.transfer.state !== 'failed'
}

/**
 * Shows on the terminal how far files are, until what it returns is called.
 *
 * @param label what the file is called
 */
export function showTransfers(
  chat: Pick<Chat, 'subscribe'>,
  { io, direction, label }: { io: Io; direction: Transfer['direction']; label: () => string },
): () => void {
  const unsubscribe = chat.subscribe(event => {
    if (event.type !== 'transfer' || event.transfer.direction !== direction) return
    const { done, total, state } = event.transfer
    const percent = total > 0 ? Math.floor((done / total) * 100) : 100
    const far = `${percent} %  ${formatSize(done)} of ${formatSize(total)}`
    io.progress(state === 'running' ? `${sanitizeLine(label())}  ${far}` : null)
  })
  return () => {
    unsubscribe()
    io.progress(null)
  }
}
