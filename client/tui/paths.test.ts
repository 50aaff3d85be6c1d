import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pathsOf } from './paths.ts'

const test = suite('paths')

let home = ''
test.before(async () => {
  home = await mkdtemp(join(tmpdir(), 'fastchat-paths-'))
  await mkdir(join(home, 'pictures'))
  await writeFile(join(home, 'pictures', 'a b.jpg'), '')
  await writeFile(join(home, 'pictures', 'a c.jpg'), '')
  await writeFile(join(home, '.hidden'), '')
  await symlink(join(home, 'pictures'), join(home, 'link'))
})
test.after(() => rm(home, { recursive: true, force: true }))

test('`resolve()` makes `~` and relative paths whole, and leaves a name that only begins so', () => {
  const paths = pathsOf({ cwd: '/work', home: '/home/alice' })
  assert.is(paths.resolve('~/cat.png'), '/home/alice/cat.png')
  assert.is(paths.resolve('~'), '/home/alice')
  assert.is(paths.resolve('~bob/cat.png'), '/work/~bob/cat.png')
  assert.is(paths.resolve('../cat.png'), '/cat.png')
  assert.is(paths.resolve('/cat.png'), '/cat.png')
})

test('`complete()` finds what begins so, folders with a slash, hidden files only when asked for', async () => {
  const paths = pathsOf({ cwd: home, home })
  assert.equal(await paths.complete(''), ['link/', 'pictures/'])
  assert.equal(await paths.complete('pic'), ['pictures/'])
  assert.equal(await paths.complete('~/pictures/a'), ['~/pictures/a b.jpg', '~/pictures/a c.jpg'])
  assert.equal(await paths.complete('.h'), ['.hidden'])
  assert.equal(await paths.complete('~'), ['~/'])
  assert.equal(await paths.complete('nowhere/x'), [])
})

test('`downloads()` is the folder of that name where there is one, else the working folder', async () => {
  const paths = pathsOf({ cwd: '/work', home })
  assert.is(await paths.downloads(), '/work')
  await mkdir(join(home, 'Downloads'))
  assert.is(await paths.downloads(), join(home, 'Downloads'))
})

test.run()
