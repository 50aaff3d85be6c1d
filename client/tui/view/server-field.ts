import type { KnownServer, StartScreen } from '../model.ts'
import { type Span, span } from './canvas.ts'
import { serverName } from './title.ts'

/** What stands in the field while no server is chosen. */
export const NEAREST = 'auto (nearest)'

const MAX_ROWS = 6

/** What is known of the server that would be taken, for beside the field. */
export function serverNote({ form, servers }: StartScreen): Span[] {
  const chosen = form.server.text.trim()
  if (chosen !== '') {
    const server = servers.find(({ url }) => url === chosen)
    return server ? distance(server) : []
  }
  const near = nearestOf(servers)
  if (near) return [span(`${serverName(near.url)} `, 'faint'), ...distance(near)]
  const isAsking = servers.some(({ latencyMs }) => latencyMs === undefined)
  return isAsking ? [span('measuring…', 'faint')] : [span('no server answers', 'offline')]
}

/** The choices, the chosen one marked and in sight; at most `maxRows`. */
export function serverRows({ form, servers }: StartScreen, maxRows: number): Span[][] {
  const options: (KnownServer | null)[] = [null, ...servers]
  const at = Math.max(
    0,
    options.findIndex(option => (option?.url ?? '') === form.server.text),
  )
  const rows = Math.min(MAX_ROWS, maxRows, options.length)
  const first = Math.max(0, Math.min(at - rows + 1, options.length - rows))
  return options.slice(first, first + rows).map(option => {
    const isChosen = (option?.url ?? '') === form.server.text
    const mark = span(isChosen ? '▸ ' : '  ', 'brand')
    if (option === null) return [mark, span(NEAREST)]
    return [mark, span(serverName(option.url)), span(' '), ...distance(option)]
  })
}

function nearestOf(servers: readonly KnownServer[]): KnownServer | undefined {
  const up = servers.filter(({ latencyMs, isOwn }) => typeof latencyMs === 'number' && !isOwn)
  return up.sort((one, other) => (one.latencyMs ?? 0) - (other.latencyMs ?? 0))[0]
}

function distance({ latencyMs }: KnownServer): Span[] {
  if (latencyMs === undefined) return [span('…', 'faint')]
  if (latencyMs === null) return [span('○ does not answer', 'offline')]
  return [span('● ', 'online'), span(`${Math.round(latencyMs)} ms`, 'faint')]
}
