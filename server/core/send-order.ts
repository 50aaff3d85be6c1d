import type { MessageId } from '../../schema/ids.ts'

/** A message's place among those of one socket to one recipient. */
export interface Place {
  readonly to: string
  readonly turn: number
}

interface Refused {
  turn: number
  at: number
}

/**
 * Keeps the order of one socket's messages over a refusal. A client sends many messages before the first is answered;
 * when that one is refused for the moment (the database was away), those behind it must not be stored before it has
 * come again: their recipients would miss it, give it up, and get it too late.
 */
export class SendOrder {
  readonly #forgetMs: number
  /** By recipient: what was refused for the moment and has not come again. */
  readonly #refused = new Map<string, Map<MessageId, Refused>>()
  #turns = 0

  /** @param forgetMs a message that does not come again for so long is not waited for */
  constructor({ forgetMs }: { forgetMs: number }) {
    this.#forgetMs = forgetMs
  }

  /** A message has come: its place. One that comes again has the place that it had. */
  enter(id: MessageId, { to }: { to: string }): Place {
    const refused = this.#refused.get(to)
    const before = refused?.get(id)
    refused?.delete(id)
    if (refused?.size === 0) this.#refused.delete(to)
    return { to, turn: before?.turn ?? ++this.#turns }
  }

  /** Whether nothing that was refused stands before it. To be asked again right before it is stored. */
  mayStore({ to, turn }: Place, { nowMs }: { nowMs: number }): boolean {
    for (const { turn: other, at } of this.#refused.get(to)?.values() ?? []) {
      if (other < turn && nowMs - at < this.#forgetMs) return false
    }
    return true
  }

  /** The message was refused, and will come again. */
  refused(id: MessageId, { to, turn }: Place, { nowMs }: { nowMs: number }): void {
    const refused = this.#refused.get(to) ?? new Map<MessageId, Refused>()
    this.#refused.set(to, refused)
    for (const [other, { at }] of refused) if (nowMs - at >= this.#forgetMs) refused.delete(other)
    refused.set(id, { turn, at: nowMs })
  }
}
