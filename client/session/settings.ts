import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { ConversationId, Settings } from '../chat.ts'
import type { Tables } from './records.ts'
import type { State } from './state.ts'
import { changeConversation } from './timeline.ts'

const defaults: Settings = {
  sendsReadReceipts: true,
  sendsTyping: true,
  showsPresence: true,
  notifies: 'desktop',
}

/** What the person has decided for this device. */
export function readSettings(tables: Tables): Settings {
  return { ...defaults, ...(tables.meta.get(['settings']) as Partial<Settings> | undefined) }
}

/** See `Chat.setSettings`. */
export function changeSettings(state: State, change: Partial<Settings>): void {
  state.commit(tx => {
    const before = readSettings(tx.tables)
    const settings = {
      sendsReadReceipts: change.sendsReadReceipts ?? before.sendsReadReceipts,
      sendsTyping: change.sendsTyping ?? before.sendsTyping,
      showsPresence: change.showsPresence ?? before.showsPresence,
      notifies: change.notifies ?? before.notifies,
    }
    tx.tables.meta.put(['settings'], settings)
    tx.emit({ type: 'settings', settings })
  })
}

/** See `Chat.mute`. */
export function mute(
  state: State,
  { conversation, isMuted, forMs }: { conversation: ConversationId; isMuted: boolean; forMs?: number },
): void {
  if (!state.tables.conversations.get([conversation])) {
    throw new FastChatError('not_found', 'Cannot find conversation: there is no such one')
  }
  if (forMs !== undefined && !(Number.isInteger(forMs) && forMs > 0 && forMs <= limits.maxMuteMs)) {
    throw new FastChatError('usage', 'Cannot mute conversation: the time is none, or too long')
  }
  state.commit(tx => {
    const mutedUntil = isMuted && forMs !== undefined ? tx.now + forMs : undefined
    changeConversation(tx, { conversation, isMuted: isMuted || undefined, mutedUntil })
  })
}
