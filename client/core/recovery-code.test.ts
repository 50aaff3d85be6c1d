import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CODE_SYMBOLS, lastGroup, makeRecoveryCode, readRecoveryCode } from './recovery-code.ts'

const test = suite('recovery codes')
const bytes = fc.uint8Array({ minLength: CODE_SYMBOLS, maxLength: CODE_SYMBOLS })
const code = bytes.map(makeRecoveryCode)

test('`readRecoveryCode()` reads what `makeRecoveryCode()` shows, however it was typed', () => {
  fc.assert(
    fc.property(code, shown => {
      const symbols = readRecoveryCode(shown)
      assert.is(symbols, shown.replaceAll('-', '').slice(0, CODE_SYMBOLS))
      const sloppy = ` ${shown.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}\n`
      assert.is(readRecoveryCode(sloppy), symbols)
      assert.is(readRecoveryCode(shown.replaceAll('-', '')), symbols)
    }),
  )
})

test('`readRecoveryCode()` tells every wrong symbol, and every two neighbours that were swapped', () => {
  const index = fc.nat({ max: CODE_SYMBOLS })
  const symbol = fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ')
  fc.assert(
    fc.property(code, index, symbol, (shown, at, other) => {
      const plain = shown.replaceAll('-', '')
      const changed = plain.slice(0, at) + other + plain.slice(at + 1)
      if (changed !== plain) assert.throws(() => readRecoveryCode(changed), /Cannot read recovery code/)
      const swapped = plain.slice(0, at) + plain.charAt(at + 1) + plain.charAt(at) + plain.slice(at + 2)
      if (swapped !== plain) assert.throws(() => readRecoveryCode(swapped), /Cannot read recovery code/)
    }),
    { numRuns: 500 },
  )
})

test('`readRecoveryCode()` refuses another length and other letters, and does not repeat what was typed', () => {
  const shown = makeRecoveryCode(new Uint8Array(CODE_SYMBOLS))
  assert.is(shown, '0000-0000-0000-0000-0000-0000-000')
  assert.is(lastGroup(shown), '000')
  for (const typed of [
    '',
    '0',
    shown.slice(1),
    `${shown}0`,
    shown.replace('0', 'U'),
    'é'.repeat(27),
    'x'.repeat(9999),
  ]) {
    assert.throws(
      () => readRecoveryCode(typed),
      (error: Error) =>
        /^Cannot read recovery code/.test(error.message) &&
        (typed.length < 5 || !error.message.includes(typed)),
    )
  }
})

test.run()
