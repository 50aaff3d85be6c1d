import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lineWidth } from '../width.ts'
import { excerptOf, fileName, sizeText, truncateName } from './message-text.ts'
import { durationText, leftText, shortDuration } from './times.ts'

const test = suite('texts about messages')

test('`fileName()` is never a path, nor empty, nor holds what a terminal obeys', () => {
  for (const [name, shown] of [
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\evil.exe', 'evil.exe'],
    ['/', 'file'],
    ['  ', 'file'],
    ['a\x1b[2J\u202eb\n.txt', 'ab .txt'],
  ] as const) {
    assert.is(fileName(name), shown)
  }
})

test('`truncateName()` keeps the end, and never takes more than it may', () => {
  assert.is(truncateName('short.txt', 20), 'short.txt')
  assert.match(truncateName('a very long name indeed.tar.gz', 16), /…d?\.?tar\.gz$/)
  for (const name of [
    'invoice.pdf                      .exe',
    '日本語の長い名前のファイル.pdf',
    '👨‍👩‍👧'.repeat(9),
  ]) {
    for (let width = 1; width < 30; width++)
      assert.ok(lineWidth(truncateName(name, width)) <= width, `${name} ${width}`)
  }
})

test('`sizeText()` counts in the unit that fits', () => {
  const sizes = [0, 1023, 1024, 340_000, 1_258_291, 26_214_400, 5_368_709_120]
  assert.equal(sizes.map(sizeText), ['0 B', '1023 B', '1.0 KB', '332 KB', '1.2 MB', '25 MB', '5.0 GB'])
})

test('`leftText()` rounds up, in a unit of which there are two at least', () => {
  const left = [-5, 0, 1, 45_000, 119_000, 120_000, 5_400_000, 7_200_000, 172_800_000, 1_209_600_000]
  assert.equal(left.map(leftText), ['0s', '0s', '1s', '45s', '119s', '2m', '90m', '2h', '2d', '14d'])
})

test('`durationText()` says a time as it was chosen', () => {
  assert.equal([1000, 90_000, 300_000, 3_600_000, 604_800_000, 1_209_600_000].map(durationText), [
    '1 second',
    '90 seconds',
    '5 minutes',
    '1 hour',
    '1 week',
    '2 weeks',
  ])
  assert.is(shortDuration(3_600_000), '1h')
})

test('`excerptOf()` is one harmless line of every kind of message', () => {
  assert.is(excerptOf({ type: 'text', text: 'a\nb\x1b[2J' }), 'a b')
  const file = {
    type: 'file' as const,
    name: '/x/y.png',
    mediaType: 'image/png',
    size: 1,
    state: 'here' as const,
  }
  assert.is(excerptOf({ ...file, caption: 'c' }), '[y.png] c')
  assert.is(excerptOf(file), '[y.png]')
  assert.is(excerptOf({ type: 'deleted', by: 'bob' }), '(deleted)')
  assert.is(lineWidth(excerptOf({ type: 'text', text: 'x'.repeat(9999) })), 80)
})

test.run()
