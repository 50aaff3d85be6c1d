import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { maxNameBytes } from './file-name.ts'
import { codeOf, pieces, withFolder } from './folder.fixture.ts'
import { saveFile } from './save-file.ts'

const test = suite('save file')
const text = (content: string) => pieces(new TextEncoder().encode(content))

/** A folder `into` to save in, and whatever is beside it. */
async function withInto(play: (into: string, beside: string) => Promise<void>): Promise<void> {
  await withFolder(async beside => {
    const into = join(beside, 'into')
    mkdirSync(into)
    await play(into, beside)
  })
}

test('a file is written whole, 0600 whatever the umask', () =>
  withInto(async into => {
    const umask = process.umask(0)
    try {
      const { path } = await saveFile(text('hi'), { name: 'cat.png', folder: into })
      assert.is(path, join(into, 'cat.png'))
      assert.is(readFileSync(path, 'utf8'), 'hi')
      assert.is(statSync(path).mode & 0o777, 0o600)
      assert.is(statSync(path).nlink, 1)
      assert.equal(readdirSync(into), ['cat.png'])
    } finally {
      process.umask(umask)
    }
  }))

test('nothing is overwritten: the next free name is taken, whatever it is that has the name', () =>
  withInto(async (into, beside) => {
    writeFileSync(join(into, 'cat.png'), 'mine')
    mkdirSync(join(into, 'cat (2).png'))
    symlinkSync(join(beside, 'nowhere'), join(into, 'cat (3).png'))
    symlinkSync(join(into, 'cat.png'), join(into, 'cat (4).png'))
    const { path } = await saveFile(text('hers'), { name: 'cat.png', folder: into })
    assert.is(path, join(into, 'cat (5).png'))
    assert.is(readFileSync(join(into, 'cat.png'), 'utf8'), 'mine')
    assert.not.ok(existsSync(join(beside, 'nowhere')))
  }))

test('many saves of one name at the same time each have a name of their own', () =>
  withInto(async into => {
    const saves = Array.from({ length: 30 }, (_, n) =>
      saveFile(text(String(n)), { name: 'n.txt', folder: into }),
    )
    const paths = (await Promise.all(saves)).map(({ path }) => path)
    assert.is(new Set(paths).size, 30)
    paths.forEach((path, n) => {
      assert.is(readFileSync(path, 'utf8'), String(n))
    })
    assert.is(readdirSync(into).length, 30)
  }))

const tricks = [
  '../outside',
  '/tmp/outside',
  '..\\outside',
  '..',
  '.',
  '',
  'into/../../outside',
  '.bashrc',
  '-rf',
  'CON',
  'a\u202egpj.exe',
  'nul\0.txt',
  '\u001b[2J',
  'x'.repeat(300),
  '字'.repeat(300),
  `${'x'.repeat(254)}.png`,
  '.fastchat-0.tmp',
]
test('no name leads out of the folder, or to a file that hides or deceives', () =>
  withInto(async (into, beside) => {
    for (const name of tricks) {
      for (let n = 0; n < 2; n++) {
        const { path } = await saveFile(text('x'), { name, folder: into })
        assert.match(relative(into, path), /^[^/\\.-][^/\\\p{C}]*$/u, JSON.stringify(name))
        assert.ok(Buffer.byteLength(relative(into, path)) <= maxNameBytes + 4)
        assert.ok(statSync(path).isFile())
      }
    }
    assert.equal(readdirSync(beside), ['into'])
    assert.is(readdirSync(into).length, 2 * tricks.length)
  }))

test('a source that fails leaves nothing', () =>
  withInto(async into => {
    async function* failing() {
      yield new Uint8Array(100_000)
      assert.is(readdirSync(into).length, 1)
      assert.match(readdirSync(into)[0] ?? '', /^\.fastchat-/)
      throw new FastChatError('bad_blob', 'Cannot decrypt file: made up')
    }
    assert.is(await codeOf(saveFile(failing(), { name: 'cat.png', folder: into })), 'bad_blob')
    assert.equal(readdirSync(into), [])
  }))

test('where no folder is, it is `file_unusable`', () =>
  withInto(async (into, beside) => {
    writeFileSync(join(beside, 'file'), '')
    symlinkSync(join(beside, 'nowhere'), join(beside, 'link'))
    for (const folder of [
      join(into, 'no'),
      join(beside, 'file'),
      join(beside, 'file', 'x'),
      join(beside, 'link'),
    ]) {
      assert.is(await codeOf(saveFile(text('x'), { name: 'cat.png', folder })), 'file_unusable')
    }
    assert.is(await codeOf(saveFile(text('x'), { name: 'cat.png', folder: '/proc/1' })), 'file_unusable')
    if (process.getuid?.() === 0) return
    chmodSync(into, 0o500)
    assert.is(await codeOf(saveFile(text('x'), { name: 'cat.png', folder: into })), 'file_unusable')
  }))

test('the folder that the person names may be a link, and the path is told as they named it', () =>
  withInto(async (into, beside) => {
    symlinkSync(into, join(beside, 'downloads'))
    const { path } = await saveFile(text('x'), { name: 'cat.png', folder: join(beside, 'downloads') })
    assert.is(path, join(beside, 'downloads', 'cat.png'))
    assert.equal(readdirSync(into), ['cat.png'])
  }))

test('a file system without links overwrites nothing either', () =>
  withInto(async (into, beside) => {
    const linkFile = async () => {
      throw Object.assign(new Error('no links here'), { code: 'EPERM' })
    }
    writeFileSync(join(into, 'cat.png'), 'mine')
    symlinkSync(join(beside, 'nowhere'), join(into, 'cat (2).png'))
    const saves = ['a', 'b', 'c'].map(content =>
      saveFile(text(content), { name: 'cat.png', folder: into, linkFile }),
    )
    const saved = (await Promise.all(saves)).map(({ path }) => readFileSync(path, 'utf8'))
    assert.equal(saved, ['a', 'b', 'c'])
    assert.is(readFileSync(join(into, 'cat.png'), 'utf8'), 'mine')
    assert.is(readdirSync(into).length, 5)
    assert.not.ok(existsSync(join(beside, 'nowhere')))
  }))

test('a file system with shorter names gets a shorter one', () =>
  withInto(async into => {
    const linkFile = async (existing: string, path: string) => {
      if (relative(into, path).length > 143) throw Object.assign(new Error('long'), { code: 'ENAMETOOLONG' })
      linkSync(existing, path)
    }
    const save = () => saveFile(text('x'), { name: `${'x'.repeat(200)}.png`, folder: into, linkFile })
    assert.is((await save()).path, join(into, `${'x'.repeat(116)}.png`))
    assert.is((await save()).path, join(into, `${'x'.repeat(116)} (2).png`))
  }))

test('the thousandth of a name is the last', () =>
  withInto(async into => {
    writeFileSync(join(into, 'n'), '')
    for (let n = 2; n <= 999; n++) writeFileSync(join(into, `n (${n})`), '')
    const { path } = await saveFile(text('x'), { name: 'n', folder: into })
    assert.is(path, join(into, 'n (1000)'))
    assert.is(await codeOf(saveFile(text('x'), { name: 'n', folder: into })), 'file_unusable')
    assert.is(readdirSync(into).length, 1000)
  }))

test.run()
