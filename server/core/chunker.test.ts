import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Chunker } from './chunker.ts'

const test = suite('cutting bytes into chunks')

function cut(sizes: readonly number[], chunkBytes: number): { chunks: number[][]; rest: number[] } {
  const chunker = new Chunker(chunkBytes)
  const chunks: number[][] = []
  let next = 0
  for (const size of sizes) {
    const piece = Uint8Array.from({ length: size }, () => next++)
    for (const chunk of chunker.push(piece)) chunks.push([...chunk])
  }
  return { chunks, rest: [...chunker.rest()] }
}

test('`Chunker` gives the same chunks whatever pieces the bytes come in', () => {
  const whole = {
    chunks: [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ],
    rest: [9],
  }
  for (const sizes of [[10], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 3, 3, 1], [2, 7, 1], [4, 0, 6]]) {
    assert.equal(cut(sizes, 3), whole, sizes.join())
  }
})

test('`Chunker` has no rest when the last chunk is full, and only a rest when none is', () => {
  assert.equal(cut([6], 3), {
    chunks: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    rest: [],
  })
  assert.equal(cut([1, 1], 3), { chunks: [], rest: [0, 1] })
  assert.equal(cut([], 3), { chunks: [], rest: [] })
})

test.run()
