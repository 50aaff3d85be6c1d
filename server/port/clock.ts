/** Where the server's core gets its time: the database's, so that a server whose own clock is off does no harm. */
export interface Clock {
  /** Ms since 1970. */
  now(): number
}

/** This machine's clock, corrected by what the database said last. */
export class DatabaseClock implements Clock {
  #offsetMs = 0

  now(): number {
    return Date.now() + this.#offsetMs
  }

  /** The database's time was `nowMs` just now. */
  set(nowMs: number): void {
    this.#offsetMs = nowMs - Date.now()
  }
}
