import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeVectors } from './make-vectors.ts'

const test = suite('make-vectors')
const folder = mkdtempSync(join(tmpdir(), 'fastchat-vectors-'))
test.after(() => rmSync(folder, { recursive: true }))

test('`writeVectors()` writes every vector as JSON', async () => {
  const files = await writeVectors(folder, { force: false })
  assert.is(files.length, 15)
  for (const file of files) assert.type(JSON.parse(readFileSync(file, 'utf8')), 'object')
})

test('`writeVectors()` replaces nothing unless it is forced to, not even one of them', async () => {
  const [first = '', ...others] = await writeVectors(folder, { force: true })
  for (const file of others) rmSync(file)
  writeFileSync(first, '{}')
  try {
    await writeVectors(folder, { force: false })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /^Cannot write vectors: .* exists/)
  }
  assert.is(readFileSync(first, 'utf8'), '{}')
  await writeVectors(folder, { force: true })
  assert.is.not(readFileSync(first, 'utf8'), '{}')
})

test('`writeVectors()` adds those that are missing, about the same people, and changes no other', async () => {
  const files = await writeVectors(folder, { force: true })
  const missing = files.filter(file => /(roster|safety)\.json$/.test(file))
  const read = () => files.map(file => readFileSync(file, 'utf8'))
  const before = read()
  for (const file of missing) rmSync(file)
  assert.equal(await writeVectors(folder, { force: false, add: true }), missing)
  // Signatures of Ed25519 and the safety number follow from the keys alone.
  assert.equal(read(), before)
})

test.run()
