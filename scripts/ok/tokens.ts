/** A piece of source text. Comments are not tokens; a template's text is a string, its `${}` parts are tokens. */
export interface Token {
  kind: 'name' | 'string' | 'number' | 'regex' | 'punct'
  /** The characters; of a string, what stands between the quotes. */
  text: string
  /** From 1. */
  line: number
}

/** Words after which a `/` begins a regular expression, although they look like values. */
const BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new await yield else do instanceof'.split(' '),
)

const SPACE_OR_COMMENT = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/|^#![^\n]*)+/y
const NAME = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\.?\d(?:[\w.]|(?<=[eE])[+-])*/y
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y
const PUNCT = /\+\+|--|=>|\?\.(?!\d)|[^\s]/y

/**
 * Splits TypeScript (without JSX) into tokens: as much of the language as it takes to find imports and uses of
 * globals and not to be fooled by comments, strings, templates and regular expressions. The compiler's own scanner
 * is in an `unstable` corner since TypeScript 7, so this does without.
 */
export function tokenise(source: string): Token[] {
  const tokens: Token[] = []
  /** For every open `{`, whether it is a template's `${`. */
  const braces: boolean[] = []
  let at = 0
  let line = 1

  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (!match || match[0] === '') return undefined
    at += match[0].length
    return match
  }
  const push = (kind: Token['kind'], text: string, raw = text) => {
    tokens.push({ kind, text, line })
    line += countNewlines(raw)
  }
  const template = () => {
    const text = take(TEMPLATE_TEXT)?.[0] ?? ''
    push('string', text)
    if (source.startsWith('${', at)) {
      at += 2
      braces.push(true)
      push('punct', '${')
    } else at++ // the closing backtick
  }

  while (at < source.length) {
    const space = take(SPACE_OR_COMMENT)
    if (space) {
      line += countNewlines(space[0])
      continue
    }
    const char = source[at]
    if (char === '`') {
      at++
      template()
    } else if (char === '}' && braces.at(-1)) {
      at++
      braces.pop()
      push('punct', '}')
      template()
    } else {
      const string = take(STRING)
      if (string) {
        push('string', string[1] ?? string[2] ?? '', string[0])
        continue
      }
      const regex = char === '/' && mayBeginRegex(tokens.at(-1)) ? take(REGEX) : undefined
      if (regex) push('regex', regex[0])
      else pushPlain()
    }
  }
  return tokens

  function pushPlain(): void {
    const name = take(NAME)?.[0]
    const number = name === undefined ? take(NUMBER)?.[0] : undefined
    const text = name ?? number ?? take(PUNCT)?.[0] ?? ''
    if (text === '{') braces.push(false)
    if (text === '}') braces.pop()
    push(name ? 'name' : number ? 'number' : 'punct', text)
  }
}

function mayBeginRegex(previous: Token | undefined): boolean {
  if (!previous) return true
  if (previous.kind === 'name') return BEFORE_REGEX.has(previous.text)
  return previous.kind === 'punct' && ![')', ']', '}', '++', '--'].includes(previous.text)
}

function countNewlines(text: string): number {
  return text.split('\n').length - 1
}

/**
 * The lines on which a piece of code occurs, spaces and comments aside: `findCode(tokens, 'Date.now')`. A pattern
 * that begins with a name does not match a property of that name (`clock.setTimeout`), but does on `globalThis`,
 * nor where a function or method of that name is declared.
 */
export function findCode(tokens: readonly Token[], pattern: string): number[] {
  const wanted = tokenise(pattern)
  return tokens.flatMap((token, index) => {
    const matches = wanted.every(({ kind, text }, offset) => {
      const found = tokens[index + offset]
      return found?.text === text && found.kind === kind
    })
    if (!matches || (token.kind === 'name' && isMemberOrDeclaration(tokens, index))) return []
    return [token.line]
  })
}

function isMemberOrDeclaration(tokens: readonly Token[], index: number): boolean {
  const previous = tokens[index - 1]?.text
  if (previous === '.' || previous === '?.') return tokens[index - 2]?.text !== 'globalThis'
  return previous === 'function'
}
