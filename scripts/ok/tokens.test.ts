import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findCode, tokenise } from './tokens.ts'

const test = suite('tokens')

function texts(source: string): string[] {
  return tokenise(source).map(({ text }) => text)
}

test('`tokenise()` leaves out comments, wherever they are', () => {
  assert.equal(texts('#!/usr/bin/env node\na // b\n/* c\n d */ e /** f */'), ['a', 'e'])
})

test('`tokenise()` keeps strings whole when they hold quotes, comments or escapes', () => {
  assert.equal(texts(`'a // b' + "it's" + 'don\\'t'`), ['a // b', '+', "it's", '+', "don\\'t"])
})

test('`tokenise()` finds the code in a template and only that', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
  const source = '`import "x" ${a + `in ${b} ner` + {c: 1}.c} $ {d} \\${e}` + f'
  const names = tokenise(source).filter(({ kind }) => kind === 'name')
  assert.equal(
    names.map(({ text }) => text),
    ['a', 'b', 'c', 'c', 'f'],
  )
})

test('`tokenise()` tells a regular expression from a division', () => {
  assert.equal(texts(`x = /['"\`/*]/g.test(y)`), ['x', '=', `/['"\`/*]/g`, '.', 'test', '(', 'y', ')'])
  assert.equal(texts('(a + b) / 2 / c[0] / d'), '( a + b ) / 2 / c [ 0 ] / d'.split(' '))
  assert.equal(texts('return /[/]/'), ['return', '/[/]/'])
})

test('`tokenise()` counts lines through comments, templates and escapes', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
  const source = '/* 1\n2 */ a\n`3\n${\nb}\n` + c\n"x\\\ny"\nd'
  const lines = tokenise(source).filter(({ kind }) => kind === 'name')
  assert.equal(
    lines.map(({ text, line }) => `${text}${line}`),
    ['a2', 'b5', 'c6', 'd9'],
  )
})

test('`findCode()` finds a use of a global, not a member, a declaration or a string of that name', () => {
  const source = [
    'setTimeout(a)',
    'clock.setTimeout(a)',
    'function setTimeout(a) {}',
    '"setTimeout(a)"',
    'globalThis.setTimeout (a) // setTimeout(',
    'clock?.setTimeout(a)',
  ].join('\n')
  assert.equal(findCode(tokenise(source), 'setTimeout('), [1, 5])
})

test('`findCode()` tells `new Date()` from `new Date(ms)`', () => {
  assert.equal(findCode(tokenise('new Date(5)\nnew Date()\nnew Date(now)'), 'new Date()'), [2])
})

test.run()
