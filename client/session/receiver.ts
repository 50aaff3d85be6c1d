import { FastChatError } from '../../schema/errors.ts'
import type { MessageFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { backoffMs } from '../core/backoff.ts'
import { type Clock, sleep } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { Intake, type IntakeOptions } from './intake.ts'

export interface ReceiverOptions extends IntakeOptions {
  clock: Clock
  random: () => number
  connection: Pick<Connection, 'send'>
  /** All that waited on the server is on this device's disk. */
  onDrained: () => void
}

type Job =
  | { type: 'frame'; frame: MessageFrame }
  | { type: 'drained'; connection: number }
  | { type: 'gaps' }
  | { type: 'held'; group?: string }

const backoff = { baseMs: 500, maxMs: 30_000 }
/** What was kept since a server did not answer is tried again after this. */
const HELD_RETRY_MS = 15_000

/**
 * What comes in, one batch after the other: open, write, ack. A batch is what has come while the one before was being
 * written. A batch that cannot be written (the disk is full) is tried again; nothing of it is acked meanwhile.
 */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #stopping = new AbortController()
  readonly #idle = new Set<() => void>()
  #jobs: Job[] = []
  #isWorking = false
  /** Counts connections: a `drained` of an earlier one says nothing of this one. */
  #connection = 0
  #drainedAt: number | undefined
  #cancelGapTimer: () => void = () => undefined
  #cancelHeldTimer: () => void = () => undefined

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  push(frame: MessageFrame): void {
    this.#add({ type: 'frame', frame })
  }

  pushDrained(): void {
    this.#add({ type: 'drained', connection: this.#connection })
  }

  /** What could not be accepted may be now: a roster has grown, or a key was accepted. */
  retryHeld({ group }: { group?: string } = {}): void {
    const isDue = this.#jobs.some(
      job => job.type === 'held' && (job.group === undefined || job.group === group),
    )
    if (!isDue) this.#add(group === undefined ? { type: 'held' } : { type: 'held', group })
  }

  onOffline(): void {
    this.#connection++
    this.#drainedAt = undefined
    this.#cancelGapTimer()
  }

  /** Resolves when everything that came is written and acked, or the receiver was stopped. */
  whenIdle(): Promise<void> {
    if (!this.#isWorking) return Promise.resolve()
    return new Promise(resolve => this.#idle.add(resolve))
  }

  stop(): void {
    this.#stopping.abort()
    this.#cancelHeldTimer()
    this.#cancelGapTimer()
    this.#jobs = []
  }

  #add(job: Job): void {
    if (this.#stopping.signal.aborted) return
    this.#jobs.push(job)
    if (this.#isWorking) return
    this.#isWorking = true
    this.#work().catch(this.#options.report)
  }

  async #work(): Promise<void> {
    try {
      while (this.#jobs.length > 0 && !this.#stopping.signal.aborted) {
        const frames = this.#takeFrames()
        if (frames.length > 0) await this.#receive(frames)
        else await this.#do(this.#jobs.shift())
      }
    } finally {
      this.#isWorking = false
      for (const resolve of this.#idle) resolve()
      this.#idle.clear()
    }
  }

  #takeFrames(): MessageFrame[] {
    const frames: MessageFrame[] = []
    while (frames.length < limits.deliveryWindow) {
      const [job] = this.#jobs
      if (job?.type !== 'frame') break
      frames.push(job.frame)
      this.#jobs.shift()
    }
    return frames
  }

  async #do(job: Job | undefined): Promise<void> {
    if (job?.type === 'gaps') {
      await this.#giveUpGaps()
    } else if (job?.type === 'held') {
      const held = Array.from(this.#options.state.tables.heldChains.range(), ({ value }) => value)
      for (const { frame } of held) {
        const isOf = job.group === undefined || ('group' in frame.to && frame.to.group === job.group)
        if (isOf) await this.#write(intake => intake.retry(frame))
      }
    } else if (job?.type === 'drained' && job.connection === this.#connection) {
      this.#drainedAt = this.#options.clock.now()
      this.#options.onDrained()
    }
    this.#scheduleGaps()
  }

  async #receive(frames: readonly MessageFrame[]): Promise<void> {
    const isDone = await this.#write(async intake => {
      for (const frame of frames) await intake.take(frame)
    })
    // One frame that we have a defect with must not hold up the others. It stays unacked: a later version gets it.
    if (!isDone && frames.length > 1) for (const frame of frames) await this.#receive([frame])
    this.#scheduleGaps()
  }

  async #giveUpGaps(): Promise<void> {
    const { waiting, clock } = this.#options
    const chains = waiting.dueChains({ drainedAt: this.#drainedAt, now: clock.now() })
    for (const chain of chains) await this.#write(intake => intake.giveUp(chain))
  }

  /** Opens, writes and acks. @returns false when it cannot be done, now or later */
  async #write(open: (intake: Intake) => Promise<void>): Promise<boolean> {
    const { clock, random, report } = this.#options
    for (let failures = 0; !this.#stopping.signal.aborted; failures++) {
      try {
        const intake = new Intake(this.#options)
        await open(intake)
        // The store may have been closed while the batch was being opened.
        if (this.#stopping.signal.aborted) return true
        intake.commit()
        this.#ack(intake.ids)
        if (intake.isHoldingForNow) this.#retryHeldSoon()
        return true
      } catch (error) {
        if (!(error instanceof FastChatError && error.shouldRetry())) {
          report(error)
          return false
        }
        const delayMs = backoffMs(failures, { ...backoff, random: random() })
        await sleep(clock, { delayMs, signal: this.#stopping.signal })
      }
    }
    return true
  }

  #retryHeldSoon(): void {
    this.#cancelHeldTimer()
    this.#cancelHeldTimer = this.#options.clock.after(HELD_RETRY_MS, () => this.retryHeld())
  }

  #ack(ids: readonly string[]): void {
    for (let at = 0; at < ids.length; at += limits.maxAckIds) {
      this.#options.connection.send({ t: 'ack', ids: ids.slice(at, at + limits.maxAckIds) })
    }
  }

  #scheduleGaps(): void {
    const { waiting, clock } = this.#options
    this.#cancelGapTimer()
    // The store may have been closed while the last batch was under way.
    if (this.#stopping.signal.aborted) return
    const dueAt = waiting.nextDueAt(this.#drainedAt)
    if (dueAt === undefined) return
    this.#cancelGapTimer = clock.after(Math.max(0, dueAt - clock.now()), () => this.#add({ type: 'gaps' }))
  }
}
