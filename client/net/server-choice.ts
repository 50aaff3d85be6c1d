/** A server that a client knows of. */
export interface KnownServer {
  url: string
  /** Connected devices; absent when nobody said. */
  load?: number
}

/**
 * In which order to try the servers: the less loaded of two drawn at random, then the next draw of two, until each is
 * there once. That spreads clients nearly as well as asking for the least loaded one, and no two clients run to the same.
 *
 * @param given the addresses that the person gave: always part of it, since what a server says of others may be wrong
 * @param learned what the last server said
 * @param prefer the one that the person chose, or that is nearest: it comes first
 * @param avoid the server that was just lost: it comes last
 * @param random gives a number from 0 to 1 at each call
 */
export function chooseServers({
  given,
  learned,
  prefer,
  avoid,
  random,
}: {
  given: readonly string[]
  learned: readonly KnownServer[]
  prefer?: string | undefined
  avoid?: string | undefined
  random: () => number
}): string[] {
  const learnedUrls = new Set(learned.map(({ url }) => url))
  const rest = given.filter(url => !learnedUrls.has(url)).map(url => ({ url }))
  const order = [...draw(learned, random), ...draw(rest, random)]
  const all = new Set(order)
  const unique = prefer !== undefined && all.has(prefer) ? [...new Set([prefer, ...order])] : [...all]
  if (avoid === undefined || !unique.includes(avoid)) return unique
  return [...unique.filter(url => url !== avoid), avoid]
}

function draw(servers: readonly KnownServer[], random: () => number): string[] {
  const left = [...servers]
  const order: string[] = []
  while (left.length > 0) {
    const first = take(left, random)
    const second = left.length > 0 ? take(left, random) : undefined
    if (!first) break
    if (second && loadOf(second) < loadOf(first)) {
      order.push(second.url)
      left.push(first)
    } else {
      order.push(first.url)
      if (second) left.push(second)
    }
  }
  return order
}

function take(servers: KnownServer[], random: () => number): KnownServer | undefined {
  return servers.splice(Math.floor(random() * servers.length) % servers.length, 1)[0]
}

function loadOf({ load }: KnownServer): number {
  return load ?? Number.POSITIVE_INFINITY
}
