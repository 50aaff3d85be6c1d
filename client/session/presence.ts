import type { PresenceFrame } from '../../schema/frames.ts'
import type { UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ChatEvent, ConversationSummary } from '../chat.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import type { Identity } from './records.ts'
import { readSettings } from './settings.ts'
import type { State } from './state.ts'
import { readConversations } from './timeline.ts'

export interface PresenceOptions {
  identity: Identity
  state: State
  clock: Clock
  connection: Pick<Connection, 'send'>
}

/** Within what a server takes, over any time. */
const SHARE_GAP_MS = 60_000 / limits.maxSharesPerMinute
/** After a list was sent many answers come at once. */
const TELL_MS = 50

/**
 * Who is there now, of those whom this account shows the same: the people of accepted conversations of two, the last active
 * first. Known only while this device is connected; nothing of it is written to the disk.
 */
export class Presence {
  readonly #options: PresenceOptions
  #isConnected = false
  /** The list that the server has. */
  #sent: readonly UserId[] = []
  #sentAt = 0
  /** Of these people it may be shown: the list, without those who have left it since. */
  #shared = new Set<UserId>()
  /** What the server says. */
  readonly #online = new Set<UserId>()
  #told: readonly UserId[] = []
  #cancelShare: (() => void) | undefined
  #cancelTell: (() => void) | undefined

  constructor(options: PresenceOptions) {
    this.#options = options
    options.state.subscribe(event => this.#onEvent(event))
  }

  /** Who is there, sorted. */
  get online(): UserId[] {
    return [...this.#online].filter(user => this.#shared.has(user)).sort()
  }

  onOnline(): void {
    this.#isConnected = true
    this.#share()
  }

  onOffline(): void {
    this.stop()
    this.#isConnected = false
    this.#sent = []
    this.#shared.clear()
    this.#online.clear()
    this.#tell()
  }

  onFrame({ user, online }: PresenceFrame): void {
    // A server has nothing to say of others.
    if (!this.#sent.includes(user)) return
    if (online) this.#online.add(user)
    else this.#online.delete(user)
    this.#cancelTell ??= this.#options.clock.after(TELL_MS, () => this.#tell())
  }

  stop(): void {
    this.#cancelShare?.()
    this.#cancelTell?.()
    this.#cancelShare = undefined
    this.#cancelTell = undefined
  }

  #onEvent(event: ChatEvent): void {
    if (!this.#isConnected) return
    if (event.type === 'settings') {
      if (!event.settings.showsPresence) this.#hide([...this.#shared])
      this.#shareSoon()
    }
    if (event.type !== 'conversation') return
    const { conversation } = event
    const isWanted = this.#isOn() && this.#isShown(conversation)
    if (conversation.kind === 'group' || isWanted === this.#shared.has(conversation.with)) return
    if (!isWanted) this.#hide([conversation.with])
    this.#shareSoon()
  }

  /** At once on the screen; the server is told soon. */
  #hide(users: readonly UserId[]): void {
    for (const user of users) this.#shared.delete(user)
    this.#tell()
  }

  #shareSoon(): void {
    const { clock } = this.#options
    const delayMs = Math.max(0, this.#sentAt + SHARE_GAP_MS - clock.now())
    this.#cancelShare ??= clock.after(delayMs, () => this.#share())
  }

  #share(): void {
    const { state, connection, clock } = this.#options
    this.#cancelShare?.()
    this.#cancelShare = undefined
    const shown = this.#isOn() ? readConversations(state.tables).filter(one => this.#isShown(one)) : []
    const users = shown.map(({ with: user }) => user).slice(0, limits.maxSharedUsers)
    const before = new Set(this.#sent)
    this.#shared = new Set(users)
    if (users.length !== before.size || !users.every(user => before.has(user))) {
      connection.send({ t: 'share', users })
      this.#sent = users
      this.#sentAt = clock.now()
      for (const user of this.#online) if (!this.#shared.has(user)) this.#online.delete(user)
    }
    this.#tell()
  }

  #tell(): void {
    this.#cancelTell?.()
    this.#cancelTell = undefined
    const { online } = this
    if (online.join() === this.#told.join()) return
    this.#told = online
    this.#options.state.emit({ type: 'presence', online })
  }

  #isOn(): boolean {
    return readSettings(this.#options.state.tables).showsPresence
  }

  #isShown({
    kind,
    with: user,
    isRequest,
    isBlocked,
    isKeyChanged,
  }: Pick<ConversationSummary, 'kind' | 'with' | 'isRequest' | 'isBlocked' | 'isKeyChanged'>): boolean {
    const isOther = kind === 'direct' && user !== this.#options.identity.userId
    return isOther && !isRequest && !isBlocked && !isKeyChanged
  }
}
