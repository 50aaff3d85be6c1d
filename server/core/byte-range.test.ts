import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { readContentRange, readRange } from './byte-range.ts'

const test = suite('ranges of bytes')

test('`readContentRange()` reads the first byte, the last one and the size', () => {
  assert.equal(readContentRange('bytes 0-0/1'), { from: 0, to: 1, size: 1 })
  assert.equal(readContentRange('bytes 262144-999999/1000000'), { from: 262144, to: 1000000, size: 1000000 })
})

test('`readContentRange()` refuses what is none, and what cannot be', () => {
  for (const wrong of [
    ...[
      undefined,
      '',
      'bytes */10',
      'bytes 0-9/*',
      'bytes=0-9/10',
      'items 0-9/10',
      'bytes 0-9',
      'bytes -1-9/10',
    ],
    ...['bytes 5-4/10', 'bytes 0-10/10', 'bytes 0-0/0', 'bytes 0x0-9/10', 'bytes 0-9/10, 0-9/10'],
    'bytes 0-9999999999999999/99999999999999999',
  ]) {
    assert.throws(
      () => readContentRange(wrong),
      (error: unknown) => error instanceof FastChatError && error.code === 'bad_request',
      wrong,
    )
  }
})

test('`readRange()` reads from, to, and the last ones', () => {
  assert.equal(readRange('bytes=0-', 10), { from: 0, to: 10 })
  assert.equal(readRange('bytes=3-', 10), { from: 3, to: 10 })
  assert.equal(readRange('bytes=3-4', 10), { from: 3, to: 5 })
  assert.equal(readRange('bytes=9-9', 10), { from: 9, to: 10 })
  assert.equal(readRange('bytes=3-400', 10), { from: 3, to: 10 })
  assert.equal(readRange('bytes=-3', 10), { from: 7, to: 10 })
  assert.equal(readRange('bytes=-30', 10), { from: 0, to: 10 })
})

test('`readRange()` says `none` for what lies behind the end', () => {
  for (const behind of ['bytes=10-', 'bytes=10-20', 'bytes=-0'])
    assert.is(readRange(behind, 10), 'none', behind)
})

test('`readRange()` takes what it does not know for no range at all', () => {
  for (const other of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'items=0-1',
    'bytes=4-3',
    'bytes=0-1,3-4',
  ]) {
    assert.is(readRange(other, 10), 'all', other)
  }
})

test.run()
