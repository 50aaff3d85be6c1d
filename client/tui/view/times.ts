/** Times as a person reads them, in a given zone. Formatters are kept: making one is a thousand times dearer. */
interface Formatters {
  time: Intl.DateTimeFormat
  day: Intl.DateTimeFormat
}

const known = new Map<string, Formatters>()

/** `09:12` */
export function timeText(at: number, timeZone: string): string {
  return formattersOf(timeZone).time.format(at)
}

/** `Mon 23 Nov 2026` */
export function dayText(at: number, timeZone: string): string {
  return formattersOf(timeZone).day.format(at).replaceAll(',', '')
}

const UNITS = [
  { ms: 604_800_000, short: 'w', long: 'week' },
  { ms: 86_400_000, short: 'd', long: 'day' },
  { ms: 3_600_000, short: 'h', long: 'hour' },
  { ms: 60_000, short: 'm', long: 'minute' },
  { ms: 1000, short: 's', long: 'second' },
] as const

/** How long is left, in one unit: `45s`, `3h`. Rounded up: nothing is gone before its time. */
export function leftText(ms: number): string {
  // From two of a unit on it is fine enough; a week is better counted in days.
  const unit = UNITS.find(one => one.short !== 'w' && ms >= 2 * one.ms) ?? UNITS[4]
  return `${Math.max(0, Math.ceil(ms / unit.ms))}${unit.short}`
}

/** A length of time as it was chosen: `1 hour`, `5 minutes`, `90 seconds`. */
export function durationText(ms: number): string {
  const unit = UNITS.find(one => ms >= one.ms && ms % one.ms === 0) ?? UNITS[4]
  const count = Math.round(ms / unit.ms)
  return `${count} ${unit.long}${count === 1 ? '' : 's'}`
}

/** The same in short: `1h`. */
export function shortDuration(ms: number): string {
  const unit = UNITS.find(one => ms >= one.ms && ms % one.ms === 0) ?? UNITS[4]
  return `${Math.round(ms / unit.ms)}${unit.short}`
}

function formattersOf(timeZone: string): Formatters {
  const found = known.get(timeZone)
  if (found) return found
  const made: Formatters = {
    time: new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }),
    day: new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    }),
  }
  known.set(timeZone, made)
  return made
}
