import { MongoError } from '../errors.ts'

const MAX_PATTERN_CHARS = 32764

/**
 * A MongoDB regular expression (PCRE) as one of JavaScript: options i, m, s, x and the leading `(?i)` form.
 * @throws MongoError 51091 when it cannot be compiled, 2 for unknown options
 */
export function compileRegex(pattern: string, options: string): RegExp {
  if (pattern.length > MAX_PATTERN_CHARS)
    throw new MongoError(51091, 'Cannot compile the regular expression: it is too long')
  if (/[^imsxu]/.test(options)) throw new MongoError(51108, `invalid flag in regex options: ${options}`)
  let source = pattern
  const flags = new Set([...options].filter(flag => flag !== 'x'))
  const inline = /^\(\?([imsx]+)\)/.exec(source)
  let extended = options.includes('x')
  if (inline) {
    source = source.slice(inline[0].length)
    for (const flag of inline[1] as string) {
      if (flag === 'x') extended = true
      else flags.add(flag)
    }
  }
  if (extended)
    source = source.replace(/\\.|\[(?:\\.|[^\]])*\]|\s+|#[^\n]*/g, part => (/^(\s|#)/.test(part) ? '' : part))
  try {
    return new RegExp(source, [...flags].join(''))
  } catch (cause) {
    throw new MongoError(
      51091,
      `Regular expression is invalid: ${cause instanceof Error ? cause.message : 'bad pattern'}`,
    )
  }
}

/** The literal text that every match must begin with: a bound for an index. Empty when there is none. */
export function literalPrefix(pattern: string, options: string): string {
  if (options.replace('s', '') !== '' || !pattern.startsWith('^') || pattern.includes('|')) return ''
  let prefix = ''
  for (let i = 1; i < pattern.length; i++) {
    let c = pattern[i] as string
    if (c === '\\') {
      const next = pattern[i + 1]
      if (next === undefined || /[A-Za-z0-9]/.test(next)) break
      c = next
      i++
    } else if (/[.*+?()[\]{}^$]/.test(c)) break
    const quantifier = pattern[i + 1]
    if (quantifier !== undefined && /[*?{]/.test(quantifier)) break
    prefix += c
  }
  return prefix
}
