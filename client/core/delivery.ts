import type { DeliveryState } from '../chat.ts'

const order: Record<DeliveryState, number> = { queued: 0, failed: 1, stored: 2, delivered: 3, read: 4 }

/**
 * The state of one's own message after news of it. News come in any order (a receipt may overtake `stored`), so a state
 * never goes back; and what was delivered has not failed, whatever was thought.
 */
export function advance(state: DeliveryState, news: DeliveryState): DeliveryState {
  return order[news] > order[state] ? news : state
}
