/** A place in a text that names somebody. UTF-16 units. */
export interface Mention {
  start: number
  end: number
  /** Lower case. */
  user: string
}

/**
 * A name behind an `@` that is no part of an address or a word. Without the flag `i`, for which a Kelvin sign would be a k.
 */
const NAMED = /(?<![\p{L}\p{N}_.@/-])@([A-Za-z0-9][A-Za-z0-9_.-]{1,31})(?![\p{L}\p{N}_@])/gu

/** Who is named in a text, as `@name`. A full stop or dash behind the name ends the sentence, unless somebody is called so. */
export function mentionsIn(text: string): Mention[] {
  return Array.from(text.matchAll(NAMED), ({ index, 1: name = '' }) => ({
    start: index,
    end: index + 1 + name.length,
    user: name.toLowerCase(),
  }))
}

/** The places that name one user. */
export function mentionsOf(text: string, user: string): Mention[] {
  return mentionsIn(text).flatMap(mention => {
    if (mention.user === user) return mention
    const bare = mention.user.replace(/[_.-]+$/, '')
    return bare === user ? { start: mention.start, end: mention.start + 1 + bare.length, user } : []
  })
}
