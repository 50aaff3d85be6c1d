import type { DeviceId, MessageId } from '../../schema/ids.ts'
import { Batcher } from '../core/batcher.ts'
import type { Clock } from '../port/clock.ts'
import type { Metrics } from '../port/metrics.ts'
import type { MessageStore } from '../port/store.ts'

const MAX_ACKS_PER_FLUSH = 1_000

/** Takes acked messages out of the database, the acks of a moment together. */
export class Acker {
  readonly #batcher: Batcher<{ deviceId: DeviceId; ids: readonly MessageId[] }, undefined>

  constructor({ messages, clock, metrics }: { messages: MessageStore; clock: Clock; metrics: Metrics }) {
    this.#batcher = new Batcher({
      maxItems: MAX_ACKS_PER_FLUSH,
      async flush(acks) {
        const byDevice = new Map<DeviceId, MessageId[]>()
        for (const { deviceId, ids } of acks) {
          const all = byDevice.get(deviceId)
          if (all) all.push(...ids)
          else byDevice.set(deviceId, [...ids])
        }
        const startedAt = clock.now()
        await messages.ack([...byDevice].map(([deviceId, ids]) => ({ deviceId, ids })))
        const items = acks.reduce((sum, { ids }) => sum + ids.length, 0)
        metrics.flushed({ kind: 'ack', items, ms: clock.now() - startedAt })
        metrics.acked({ count: items })
        return acks.map(() => undefined)
      },
    })
  }

  /** Resolves when the database has it. @throws FastChatError `unavailable` */
  ack(deviceId: DeviceId, ids: readonly MessageId[]): Promise<undefined> {
    return this.#batcher.add({ deviceId, ids })
  }

  idle(): Promise<void> {
    return this.#batcher.idle()
  }
}
