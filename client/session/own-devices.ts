import type { SyncContent } from '../../schema/content.ts'
import type { Courier } from './courier.ts'
import type { People } from './people.ts'
import type { Identity } from './records.ts'
import type { Tx } from './state.ts'

/** Tells one's other devices what was done here, when there are any. */
export class OwnDevices {
  readonly #options: { identity: Identity; people: People; courier: Pick<Courier, 'enqueue'> }

  constructor(options: { identity: Identity; people: People; courier: Pick<Courier, 'enqueue'> }) {
    this.#options = options
  }

  /** Part of the transaction that does it. */
  tell(tx: Tx, what: Omit<SyncContent, 'type'>): void {
    const { identity, people, courier } = this.#options
    const { userId } = identity
    const me = people.get(userId)
    if (!me || (me.devices?.length ?? 0) < 2) return
    courier.enqueue(tx, {
      id: tx.nextId(),
      conversation: me.conversation,
      to: { user: userId },
      sentAt: tx.now,
      content: { type: 'sync', ...what },
    })
  }
}
