import { findImports, type Import, targetOf } from './imports.ts'
import { type Pattern, RULES, type Rule } from './rules.ts'
import { findCode, type Token, tokenise } from './tokens.ts'

/** What the check looks at: paths relative to the project with `/`, and the text of each source. */
export interface Project {
  sources: ReadonlyMap<string, string>
  /** Every file there is, for imports of what is not a source (JSON). */
  files: ReadonlySet<string>
  dependencies: ReadonlySet<string>
  devDependencies: ReadonlySet<string>
}

export interface Violation {
  file: string
  line: number
  what: string
  reason: string
  rule: string
}

interface Module {
  file: string
  tokens: Token[]
  imports: (Import & { target: string | undefined })[]
}

/** What runs on a user's machine. The rest of scripts/ is for those who have installed everything. */
const SHIPPED: readonly Pattern[] = [
  'client/',
  'schema/',
  'server/',
  'scripts/fastchat.ts',
  'scripts/bin.mjs',
  'scripts/node-build.mjs',
]

/** Imports what was built of the sources, whose own arrows are checked. */
const LOADER = 'scripts/bin.mjs'

/** Checks every arrow in the project against the table and against package.json. */
export function checkArrows(project: Project, rules: readonly Rule[] = RULES): Violation[] {
  const modules = new Map<string, Module>()
  for (const [file, source] of project.sources) {
    const tokens = tokenise(source)
    const imports = findImports(tokens).map(found => ({
      ...found,
      target: found.specifier === undefined ? undefined : targetOf(found.specifier, file),
    }))
    modules.set(file, { file, tokens, imports })
  }
  const found = [...modules.values()].flatMap(module => [
    ...checkTargets(module, project),
    ...rules.filter(rule => isBound(rule, module.file)).flatMap(rule => checkRule(rule, module, modules)),
  ])
  return found.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
}

/** Tests, and what only they use: contract suites, fixtures, `testing/` folders. */
export function isTestSupport(file: string): boolean {
  return /[.-](?:test|contract|fixture)\.ts$|(?:^|\/)(?:test|testing|fixtures|e2e)\//.test(file)
}

export function formatViolation({ file, line, what, reason, rule }: Violation): string {
  return `${file}:${line} ${what}: ${reason} [${rule}]`
}

function isBound({ binds = 'production', from, except = [] }: Rule, file: string): boolean {
  if (binds !== 'all' && (binds === 'tests') !== isTestSupport(file)) return false
  return matches(file, from) && !matches(file, except)
}

function matches(target: string, patterns: readonly Pattern[]): boolean {
  return patterns.some(pattern => target === pattern || (/[/:]$/.test(pattern) && target.startsWith(pattern)))
}

/** The rule for one file; with `reach`, also for every file of ours that it loads. */
function checkRule(rule: Rule, module: Module, modules: ReadonlyMap<string, Module>): Violation[] {
  const violations = judge(rule, module, module.imports)
  if (!rule.reach) return violations
  const seen = new Set([module.file])
  const visit = (current: Module, path: readonly string[], line: number): void => {
    for (const edge of current.imports) {
      const next = edge.target === undefined ? undefined : modules.get(edge.target)
      // A refused target is reported where it is named; a type is gone at run time.
      if (!next || edge.typeOnly || seen.has(next.file) || refuses(rule, next.file)) continue
      seen.add(next.file)
      const chain = [...path, next.file]
      const from = path.length === 0 ? edge.line : line
      // A file that the rule binds is judged in its own turn.
      if (!isBound(rule, next.file)) {
        const loaded = next.imports.filter(found => !found.typeOnly)
        for (const { what } of judge(rule, next, loaded)) {
          violations.push({
            ...violation(rule, module.file, from),
            what: `through ${chain.join(' -> ')}, ${what}`,
          })
        }
      }
      visit(next, chain, from)
    }
  }
  visit(module, [], 1)
  return violations
}

function judge(rule: Rule, { file, tokens }: Module, imports: Module['imports']): Violation[] {
  const { names, uses = [] } = rule
  const arrows = imports
    .filter(({ target }) => target !== undefined && refuses(rule, target))
    .map(({ target, line }) => ({ ...violation(rule, file, line), what: `imports ${target}` }))
  const named = imports
    .filter(({ target }) => names !== undefined && target === names.of)
    .flatMap(({ names: imported, line, target }) =>
      imported
        .filter(name => name === '*' || names?.never.test(name))
        .map(name => ({ ...violation(rule, file, line), what: `imports ${name} of ${target}` })),
    )
  const used = uses.flatMap(code =>
    findCode(tokens, code).map(line => ({ ...violation(rule, file, line), what: `uses ${code}` })),
  )
  return [...arrows, ...named, ...used]
}

function refuses({ only, never = [], but = [] }: Rule, target: string): boolean {
  if (only && !matches(target, only)) return true
  return matches(target, never) && !matches(target, but)
}

function violation({ id, reason }: Rule, file: string, line: number): Violation {
  return { file, line, what: '', reason, rule: id }
}

/** What holds for every import, wherever it leads: it exists, it is declared, and it will be there when installed. */
function checkTargets({ file, imports }: Module, project: Project): Violation[] {
  const isShipped = matches(file, SHIPPED) && !isTestSupport(file)
  return imports.flatMap(({ target, specifier, line }) => {
    const refuse = (rule: string, what: string, reason: string): Violation[] => [
      { file, line, what, reason, rule },
    ]
    if (target === undefined || specifier === undefined) {
      if (!isShipped || file === LOADER) return []
      return refuse(
        'no-computed-import',
        'imports what it computes',
        'an arrow that nobody can see cannot be checked',
      )
    }
    if (specifier.startsWith('.')) {
      if (!project.files.has(target)) {
        return refuse('exists', `imports ${target}`, 'no such file; Deno wants the path as it is, with .ts')
      }
      if (!isShipped || !isTestSupport(target)) return []
      return refuse('no-tests-in-product', `imports ${target}`, 'tests and their helpers do not ship')
    }
    if (target.startsWith('node:') || project.dependencies.has(target)) return []
    if (!project.devDependencies.has(target)) {
      return refuse('declared', `imports ${target}`, 'it is not in package.json')
    }
    if (!isShipped) return []
    return refuse(
      'no-dev-dependency',
      `imports ${target}`,
      'a devDependency is not there when FastChat is installed',
    )
  })
}
