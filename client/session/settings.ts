import type { Settings } from '../chat.ts'
import type { Tables } from './records.ts'
import type { State } from './state.ts'

const defaults: Settings = { sendsReadReceipts: true, sendsTyping: true }

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
    }
    tx.tables.meta.put(['settings'], settings)
    tx.emit({ type: 'settings', settings })
  })
}
