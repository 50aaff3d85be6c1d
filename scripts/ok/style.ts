import { findImports } from './imports.ts'
import { findCode, type Token, tokenise } from './tokens.ts'

const MAX_LINES = 500
const LONG_LINES = 300
/** Kebab-case in every part; capitals are for the documents that are named so everywhere (README.md). */
const FILE_NAME = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*|[A-Z]+(?:\.md)?)$/
/** Spelt so that this file does not contain it. */
const LEFTOVER = /\b(?:TO[D]O|FIX[M]E|XX[X])\b/
const SOURCE = /\.(?:ts|mjs)$/

/**
 * What the linter does not look at: names, lengths, notes left in the text, and how tests are written.
 *
 * @param file path relative to the project, with `/`
 * @returns one line per complaint, beginning with `file:line`
 */
export function checkStyle(file: string, text: string): string[] {
  const lines = text.split('\n')
  const complaints: string[] = []
  const complain = (line: number, what: string) => complaints.push(`${file}:${line} ${what}`)

  const badName = file.split('/').find(part => !FILE_NAME.test(part))
  if (badName) complain(1, `is not kebab-case: ${badName}`)
  for (const [index, line] of lines.entries()) {
    if (LEFTOVER.test(line))
      complain(index + 1, 'leaves work to do: do it, or describe it where it is planned')
  }
  if (!SOURCE.test(file)) return complaints

  const length = text.endsWith('\n') ? lines.length - 1 : lines.length
  if (length > MAX_LINES) complain(MAX_LINES + 1, `has ${length} lines: split what is over ${MAX_LINES}`)
  else if (length > LONG_LINES && !/^\s*(?:\/\/|\*) Long because \S/m.test(text)) {
    complain(LONG_LINES + 1, `has ${length} lines: over ${LONG_LINES} wants a comment \`// Long because …\``)
  }
  if (file.endsWith('.test.ts')) {
    const tokens = tokenise(text)
    for (const line of findSleeps(tokens, lines)) {
      complain(
        line,
        'sleeps: wait for the condition (scripts/test/wait-for.ts), or say `// Not a sleep: why`',
      )
    }
    for (const { name, line } of findForgottenSuites(tokens)) complain(line, `\`${name}.run()\` is missing`)
  }
  return complaints
}

/** Timers in a test, unless the same line or the one before says what else they are for. */
function findSleeps(tokens: readonly Token[], lines: readonly string[]): number[] {
  const timers = findImports(tokens).filter(({ specifier }) => specifier === 'node:timers/promises')
  return [...findCode(tokens, 'setTimeout('), ...timers.map(({ line }) => line)].filter(
    line => ![lines[line - 1], lines[line - 2]].some(text => text?.includes('// Not a sleep: ')),
  )
}

/** uvu runs only what has been told to; a suite among several that has not is silently no test at all. */
function findForgottenSuites(tokens: readonly Token[]): { name: string; line: number }[] {
  const declared = findCode(tokens, '= suite').map(line => ({
    line,
    name: tokens.find((token, index) => token.line === line && tokens[index + 1]?.text === '=')?.text ?? '',
  }))
  const imported = findImports(tokens)
    .filter(({ specifier, names }) => specifier === 'uvu' && names.includes('test'))
    .map(({ line }) => ({ line, name: 'test' }))
  return [...declared, ...imported].filter(({ name }) => findCode(tokens, `${name}.run(`).length === 0)
}
