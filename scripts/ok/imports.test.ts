import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findImports, targetOf } from './imports.ts'
import { tokenise } from './tokens.ts'

const test = suite('imports')

/** `specifier: names`, with `type` for what is gone at run time. */
function found(source: string): string[] {
  return findImports(tokenise(source)).map(({ specifier, names, typeOnly }) =>
    `${typeOnly ? 'type ' : ''}${specifier ?? '?'}: ${names.join(' ')}`.trim(),
  )
}

test('`findImports()` finds every form of a static import', () => {
  assert.equal(found("import 'a'"), ['a:'])
  assert.equal(found("import a from 'a'"), ['a: default'])
  assert.equal(found("import a, { b, type c as d } from 'a'"), ['a: default b c'])
  assert.equal(found("import * as all from 'a'"), ['a: *'])
  assert.equal(found("import {\n  type B, // why\n  c,\n} from 'a'"), ['a: B c'])
  assert.equal(found("import a from './a.json' with { type: 'json' }"), ['./a.json: default'])
  assert.equal(found("import { default as a, type } from 'a'"), ['a: default type'])
  assert.equal(found("import type from 'a'"), ['a: default'])
})

test('`findImports()` marks what is gone at run time', () => {
  assert.equal(found("import type { A } from 'a'"), ['type a: A'])
  assert.equal(found("import type A from 'a'"), ['type a: default'])
  assert.equal(found("export type { A } from 'a'"), ['type a: A'])
  assert.equal(found("export type * from 'a'"), ['type a: *'])
})

test('`findImports()` finds re-exports, and no more than those', () => {
  assert.equal(found("export { a as b } from 'a'; export * from 'b'; export * as c from 'c'"), [
    'a: a',
    'b: *',
    'c: *',
  ])
  assert.equal(found("export { a }\nconst from = 'x'; export const b = from"), [])
  assert.equal(found("export type A = { from: 'x' }\nexport function f() { return 'from' }"), [])
})

test('`findImports()` finds what is loaded at run time', () => {
  assert.equal(found("await import('a')"), ['a: *'])
  assert.equal(found('await import(path)'), ['?: *'])
  assert.equal(found("let a: import('a').B"), ['a: *'])
  assert.equal(found("require('a')"), ['a: *'])
  assert.equal(found("new Worker(new URL('./a.ts', import.meta.url))"), ['./a.ts: *'])
  assert.equal(found("new URL('a.ts', import.meta.url); new URL('./a.json', import.meta.url)"), ['./a.ts: *'])
})

test('`findImports()` is not fooled by comments, strings and members', () => {
  const source = `// import 'a'
    /* import 'b' */ const s = "import 'c'"; const t = \`import 'd' \${x}\`
    registry.import('e'); registry.require('f'); import.meta.url`
  assert.equal(found(source), [])
})

test('`targetOf()` names files of ours by path and packages without their sub-path', () => {
  assert.is(targetOf('../core/a.ts', 'client/tui/b.ts'), 'client/core/a.ts')
  assert.is(targetOf('./a.ts', 'schema/b.ts'), 'schema/a.ts')
  assert.is(targetOf('uvu/assert', 'schema/b.ts'), 'uvu')
  assert.is(targetOf('@hono/node-server/serve-static', 'server/b.ts'), '@hono/node-server')
  assert.is(targetOf('node:fs/promises', 'server/b.ts'), 'node:fs/promises')
})

test.run()
