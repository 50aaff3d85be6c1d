import type { MessageItem, OwnDevice } from '../chat.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { visibleJson } from './visible.ts'

/** An object and the line break that ends it. */
export function jsonLine(value: object): string {
  return `${visibleJson(value)}\n`
}

/** A sender may sign any time: one that no calendar has must not end the program. */
export function isoTime(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString()
}

/** `2026-11-23 09:12:03`, UTC. */
export function plainTime(ms: number): string {
  return isoTime(ms).slice(0, 19).replace('T', ' ')
}

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const

/** Bytes: `812 B`, `1.2 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let size = bytes
  let unit = -1
  // What would be rounded to 1000.0 is one of the next.
  while (size >= 999.95 && unit < UNITS.length - 1) {
    size /= 1000
    unit++
  }
  return `${size.toFixed(1)} ${UNITS[unit]}`
}

/** `3 messages`, `1 message`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** The object of `fastchat send --json`. */
export function formatSent(item: MessageItem, { to }: { to: string }): string {
  const { id, conversation, state } = item
  return jsonLine({ id, to, conversation, sentAt: isoTime(item.sentAt), state })
}

/** The object of `fastchat devices --json`. */
export function formatDeviceJson({ deviceId, name, since, current, active }: OwnDevice): string {
  const named = name === undefined ? {} : { name }
  return jsonLine({ deviceId, ...named, since: isoTime(since), current, active })
}

/** A line for people: `01939c1e-…  "laptop"  since 2026-11-23 09:12:03  this device`. */
export function formatDevice({ deviceId, name, since, current, active }: OwnDevice): string {
  const words: string[] = [deviceId]
  if (name !== undefined) words.push(`"${sanitizeLine(name)}"`)
  words.push(`since ${plainTime(since)}`)
  if (current) words.push('this device')
  if (!active) words.push('away for long: gets nothing until it connects')
  return `${words.join('  ')}\n`
}
