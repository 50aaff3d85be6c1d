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
