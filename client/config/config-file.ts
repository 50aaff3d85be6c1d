import { open, stat } from 'node:fs/promises'
import type { AST } from 'toml-eslint-parser'
import { FastChatError } from '../../schema/errors.ts'
import { defaultPreferences, type Preferences } from '../tui/preferences.ts'

/** Far more than a person writes; a file that is none is not read to its end. */
const MAX_CONFIG_BYTES = 64 * 1024

/**
 * The preferences of the config file, which is TOML 1.0; the defaults when there is none.
 *
 * @throws FastChatError `bad_config` naming the file, the line and the key, for what is not TOML or cannot be
 */
export async function readConfigFile(path: string): Promise<Preferences> {
  const text = await readText(path)
  if (text === null) return defaultPreferences
  // Only now: most have no such file, and the first screen does not wait for what reads it.
  const { parseTOML, getStaticTOMLValue } = await import('toml-eslint-parser')
  const { PreferenceError, readPreferences } = await import('./preferences.ts')
  let tree: AST.TOMLProgram
  try {
    tree = parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    const { lineNumber, message } = error as { lineNumber?: number; message: string }
    throw bad(path, `line ${lineNumber ?? 1}: ${message}`)
  }
  const hostile = lineOfPrototype(tree)
  if (hostile !== null) throw bad(path, `line ${hostile}: there is no setting __proto__`)
  try {
    return readPreferences(getStaticTOMLValue(tree))
  } catch (error) {
    if (error instanceof RangeError) throw bad(path, 'it is nested too deeply')
    if (!(error instanceof PreferenceError)) throw error
    throw bad(path, `line ${lineOf(tree, error.path)}, ${error.path.join('.')}: ${error.message}`)
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    // Before it is opened: a pipe would keep the program waiting.
    const stats = await stat(path)
    if (!stats.isFile()) throw bad(path, 'it is no file')
    const file = await open(path, 'r')
    try {
      if (stats.size > MAX_CONFIG_BYTES) throw bad(path, `it is longer than ${MAX_CONFIG_BYTES / 1024} KiB`)
      return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof FastChatError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw bad(
      path,
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA' || error instanceof TypeError
        ? 'it is not UTF-8'
        : `it cannot be opened (${String(code)})`,
    )
  }
}

function bad(path: string, what: string): FastChatError {
  return new FastChatError('bad_config', `Cannot read ${path}: ${what}`)
}

/** Where the longest part of a path stands that is in the file. */
function lineOf(tree: AST.TOMLProgram, path: readonly string[]): number {
  let best = { depth: 0, line: 1 }
  const note = (keys: readonly string[], line: number) => {
    const isPart = keys.length <= path.length && keys.every((key, at) => key === path[at])
    if (isPart && keys.length > best.depth) best = { depth: keys.length, line }
  }
  const walk = (pairs: readonly AST.TOMLKeyValue[], before: readonly string[]) => {
    for (const { key, value, loc } of pairs) {
      const keys = [...before, ...key.keys.map(nameOf)]
      note(keys, loc.start.line)
      if (value.type === 'TOMLInlineTable') walk(value.body, keys)
    }
  }
  for (const node of tree.body[0].body) {
    if (node.type === 'TOMLKeyValue') walk([node], [])
    else {
      const keys = node.resolvedKey.map(String)
      note(keys, node.loc.start.line)
      walk(node.body, keys)
    }
  }
  return best.line
}

/** Where a key is `__proto__`: `getStaticTOMLValue()` would write to the prototype of all objects. */
function lineOfPrototype(tree: AST.TOMLProgram): number | null {
  const pending: AST.TOMLNode[] = [tree.body[0]]
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === 'TOMLKeyValue' || node.type === 'TOMLTable') {
      const { key } = node
      if (key.keys.some(one => nameOf(one) === '__proto__')) return key.loc.start.line
    }
    if (node.type === 'TOMLKeyValue') pending.push(node.value)
    else if (node.type === 'TOMLArray') for (const one of node.elements) pending.push(one)
    else if (
      node.type === 'TOMLTopLevelTable' ||
      node.type === 'TOMLTable' ||
      node.type === 'TOMLInlineTable'
    )
      for (const one of node.body) pending.push(one)
  }
  return null
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}
