import { posix } from 'node:path'
import type { Token } from './tokens.ts'

/** One arrow out of a file. */
export interface Import {
  /** As written; undefined when it is computed at run time. */
  specifier: string | undefined
  /** The imported names; `*` for all of a module, which is also what a dynamic import gives. */
  names: string[]
  /** `import type`: gone at run time. */
  typeOnly: boolean
  line: number
}

/**
 * Every way in which a module names another: static and dynamic imports, re-exports, `import('x')` in types,
 * `require()`, and `new URL('x.ts', import.meta.url)` as workers are started.
 */
export function findImports(tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'name' || ['.', '?.'].includes(tokens[index - 1]?.text ?? '')) return []
    const found = parseAt(tokens, index)
    return found ? [{ ...found, line: token.line }] : []
  })
}

type Found = Omit<Import, 'line'>

function parseAt(tokens: readonly Token[], index: number): Found | undefined {
  const [keyword, next, third] = tokens.slice(index, index + 3)
  if (!keyword || !next) return undefined
  if (keyword.text === 'import' && next.text === '(') return called(third)
  if (keyword.text === 'require' && next.text === '(' && third?.kind === 'string') return called(third)
  if (keyword.text === 'URL' && next.text === '(') return sourceUrl(tokens, index)
  if (keyword.text === 'import' && next.kind === 'string')
    return { specifier: next.text, names: [], typeOnly: false }
  if (keyword.text === 'import' && next.text !== '.') return clause(tokens, index + 1)
  // `export const`, `export function` … end the search at once; `export {` and `export *` may have a `from`.
  const first = next.text === 'type' ? third : next
  if (keyword.text === 'export' && (first?.text === '{' || first?.text === '*'))
    return clause(tokens, index + 1)
  return undefined
}

function called(argument: Token | undefined): Found {
  return { specifier: argument?.kind === 'string' ? argument.text : undefined, names: ['*'], typeOnly: false }
}

/** `new URL('./worker.ts', import.meta.url)`: only sources count, a path to data is no arrow. */
function sourceUrl(tokens: readonly Token[], index: number): Found | undefined {
  const [path, ...rest] = tokens.slice(index + 2, index + 9)
  const isHere = rest.map(token => token.text).join('') === ',import.meta.url'
  if (path?.kind !== 'string' || !isHere || !/\.m?[jt]s$/.test(path.text)) return undefined
  return {
    specifier: path.text.startsWith('.') ? path.text : `./${path.text}`,
    names: ['*'],
    typeOnly: false,
  }
}

/** What stands between `import` or `export` and `from 'x'`; undefined when there is no `from`. */
function clause(tokens: readonly Token[], start: number): Found | undefined {
  let at = start
  const typeOnly = tokens[at]?.text === 'type' && !['from', ','].includes(tokens[at + 1]?.text ?? '')
  if (typeOnly) at++
  const names: string[] = []
  let braced = false
  for (let token = tokens[at]; token; token = tokens[++at]) {
    if (token.text === 'from' && tokens[at + 1]?.kind === 'string' && !braced) {
      return { specifier: tokens[at + 1]?.text, names, typeOnly }
    }
    if (token.text === '{' || token.text === '}') braced = token.text === '{'
    else if (token.text === '*') names.push('*')
    else if (token.text === 'as')
      at++ // the local name
    else if (token.kind === 'name') {
      if (!braced) names.push('default')
      else if (token.text !== 'type' || [',', '}', 'as'].includes(tokens[at + 1]?.text ?? ''))
        names.push(token.text)
    } else if (token.text !== ',' && token.kind !== 'string') return undefined
  }
  return undefined
}

/**
 * Where an import leads, in the words of the rules: a path of ours (`client/core/roster.ts`), a package (`jose`,
 * `@hono/node-ws`, whatever the sub-path) or `node:fs`.
 */
export function targetOf(specifier: string, importer: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(importer), specifier)
  if (specifier.startsWith('node:')) return specifier
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
