import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { comparePicture, pictureFile, sizes } from './pictures.ts'
import { playScenes, type Scene, scenes } from './scenes.ts'

/** The pictures show what the program does. */
const test = suite('the pictures')

test('the program shows what they do, letter by letter', async () => {
  const seen: Scene[] = []
  await playScenes(async (scene, terminal) => {
    for (const size of sizes) await comparePicture(terminal, scene, size)
    seen.push(scene)
  })
  assert.equal(seen, [...scenes])
})

test('there are those that are recorded, and no others', () => {
  const files = readdirSync(new URL('pictures/', import.meta.url)).sort()
  const recorded = scenes.flatMap(scene =>
    sizes.map(size => pictureFile(scene, size).pathname.split('/').at(-1)),
  )
  assert.equal(files, recorded.sort())
})

test('every picture that the README shows is there', () => {
  const root = new URL('../../', import.meta.url)
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const shown = [...readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, path = '']) => path)
  assert.ok(shown.length >= 3)
  for (const path of shown) assert.ok(existsSync(new URL(path, root)), path)
})

test.run()
