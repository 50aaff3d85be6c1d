import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bindings } from '../client/tui/keys.ts'
import { keysSection, withKeys } from './readme-keys.ts'

const test = suite('keys in the README')

test('client/README.md lists the keys as the program has them: else run scripts/readme-keys.ts', () => {
  const readme = readFileSync(new URL('../client/README.md', import.meta.url), 'utf8')
  assert.is(withKeys(readme), readme)
})

test('every key is listed', () => {
  const section = keysSection()
  for (const { does } of bindings) assert.match(section, does)
  assert.match(section, '| Ctrl-E | write in $EDITOR |')
})

test('a README without its marks is refused', () => {
  assert.throws(() => withKeys('# FastChat'), /Cannot find/)
})

test.run()
