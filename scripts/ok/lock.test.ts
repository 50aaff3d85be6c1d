import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkLock } from './lock.ts'

const test = suite('lock')
const manifest = { dependencies: { lmdb: '3.5.6' } }

test('`checkLock()` accepts a lock that has every platform', () => {
  const packages = {
    '': manifest,
    'node_modules/lmdb': { optionalDependencies: { '@lmdb/a': '3.5.6', '@lmdb/b': '3.5.6' } },
    'node_modules/@lmdb/a': {},
    'node_modules/lmdb/node_modules/@lmdb/b': {},
  }
  assert.equal(checkLock(manifest, { packages }), [])
})

test('`checkLock()` names the platform package that has no entry', () => {
  const packages = { '': manifest, 'node_modules/lmdb': { optionalDependencies: { '@lmdb/win': '3.5.6' } } }
  assert.equal(checkLock(manifest, { packages }), [
    'package-lock.json: @lmdb/win@3.5.6, optional for node_modules/lmdb, has no entry',
  ])
})

test('`checkLock()` names what package.json and the lock disagree on', () => {
  const packages = { '': { dependencies: { lmdb: '3.5.5' }, devDependencies: { uvu: '0.5.6' } } }
  assert.is(checkLock(manifest, { packages }).length, 2)
})

test.run()
