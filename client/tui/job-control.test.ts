import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hasJobControl, isBelowShell } from './job-control.ts'

const test = suite('job control')

test('`isBelowShell()` is true below a shell, however many of its own group are between', () => {
  assert.is(isBelowShell(' 10  5 10 pts/1\n 40 10 40 pts/1\n', 40), true)
  assert.is(isBelowShell('10 5 10 pts/1\n38 10 38 pts/1\n39 38 38 pts/1\n40 39 38 pts/1\n', 40), true)
})

test('`isBelowShell()` is false where what is above is at another terminal: nobody is there to say `fg`', () => {
  assert.is(isBelowShell('5 1 5 pts/2\n10 5 10 pts/1\n40 10 10 pts/1\n', 40), false)
  assert.is(isBelowShell('10 5 10 ?\n40 10 40 pts/1\n', 40), false)
})

test('`isBelowShell()` ends, whatever is listed', () => {
  assert.is(isBelowShell('39 40 38 pts/1\n40 39 38 pts/1\n', 40), false)
  assert.is(isBelowShell('', 40), false)
  assert.is(isBelowShell('nothing like it', 40), false)
})

test('`hasJobControl()` is true where it need not be known, and false where it cannot', () => {
  assert.is(hasJobControl(null), true)
  const fails = () => {
    throw new Error('ENOENT')
  }
  assert.is(hasJobControl(fails), false)
})

test.run()
