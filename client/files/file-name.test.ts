import { win32 } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maxNameBytes, nameToSend, numberedName, safeFileName } from './file-name.ts'

const test = suite('file name')

const suggestions: [suggested: string, name: string][] = [
  ['cat.png', 'cat.png'],
  ['Über uns, Müller & Söhne.pdf', 'Über uns, Müller & Söhne.pdf'],
  ['日本語.txt', '日本語.txt'],
  ['../../.ssh/authorized_keys', 'authorized_keys'],
  ['/etc/passwd', 'passwd'],
  ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
  ['..', 'file'],
  ['.', 'file'],
  ['', 'file'],
  ['///', 'file'],
  [' . - . ', 'file'],
  ['a/', 'a'],
  ['a/..', 'file'],
  ['.bashrc', 'bashrc'],
  ['...hidden', 'hidden'],
  ['-rf', 'rf'],
  ['--help.txt', 'help.txt'],
  ['\u2010\u2212x', 'x'],
  ['. -x', 'x'],
  ['photo\u202egnp.exe', 'photognp.exe'],
  ['a\u200bb\u2066c\ufeffd\u00ade.txt', 'abcde.txt'],
  ['line\nbreak\t\u2028tab.txt', 'line break tab.txt'],
  ['bell\u0007\u001b[2J\u009b1m.txt', 'bell[2J1m.txt'],
  ['nul\0byte', 'nulbyte'],
  ['\u3164', 'file'],
  ['half\ud800.txt', 'half.txt'],
  ['private\ue000\u{e0041}.txt', 'private.txt'],
  ['CON', '_CON'],
  ['con.txt', '_con.txt'],
  ['nul .tar.gz', '_nul .tar.gz'],
  ['LPT9.log', '_LPT9.log'],
  ['COM\u00b9', '_COM\u00b9'],
  ['console.log', 'console.log'],
  ['.con', '_con'],
  ['a:b*c?"<>|.txt', 'a_b_c_____.txt'],
  ['ends with dots... ', 'ends with dots'],
  ['e\u0301.txt', '\u00e9.txt'],
]
for (const [suggested, name] of suggestions) {
  test(`\`safeFileName()\` makes ${JSON.stringify(name)} of ${JSON.stringify(suggested)}`, () =>
    assert.is(safeFileName(suggested), name))
}

test('`safeFileName()` cuts what is too long between characters, and keeps its ending', () => {
  for (const char of ['x', 'é', '字', '🙂']) {
    const name = safeFileName(`${char.repeat(300)}.jpeg`)
    const bytes = Buffer.byteLength(name)
    assert.ok(bytes <= maxNameBytes && bytes > maxNameBytes - 4, String(bytes))
    assert.match(name, new RegExp(`^${char}+\\.jpeg$`, 'u'))
  }
  assert.is(safeFileName(`a.${'x'.repeat(300)}`), `a.${'x'.repeat(238)}`)
  assert.is(safeFileName(`${'.'.repeat(10_000)}a`), 'a')
  assert.is(safeFileName(`a${' '.repeat(500)}b`), 'a b')
})

test('`safeFileName()` gives a name that is one, whatever was suggested', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(...'./\\-: abCON\u0000\u001b\u202e\u200d\ufe0f\ud800\u3164\u{e0001}🙂é'),
    maxLength: 400,
  })
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 400 })), suggested => {
      const name = safeFileName(suggested)
      assert.ok(name.length > 0 && Buffer.byteLength(name) <= maxNameBytes)
      assert.is(win32.basename(name), name)
      assert.not.match(name, /[\p{C}\p{Zl}\p{Zp}/\\:]|^[\s.-]|[\s.]$/u)
      assert.not.match(name, /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\s*(?:\.|$)/i)
      assert.is(safeFileName(name), name)
    }),
    { numRuns: 2000 },
  )
})

test('`numberedName()` puts the number before the ending', () => {
  assert.is(numberedName('cat.png', 1), 'cat.png')
  assert.is(numberedName('cat.png', 2), 'cat (2).png')
  assert.is(numberedName('a.tar.gz', 3), 'a.tar (3).gz')
  assert.is(numberedName('README', 10), 'README (10)')
})

test('`nameToSend()` is the last part of a path, whole, or cut to what a message may say', () => {
  const options = { maxBytes: 255 }
  assert.is(nameToSend('/home/alice/.bashrc', options), '.bashrc')
  assert.is(nameToSend('..', options), 'file')
  assert.is(nameToSend('', options), 'file')
  assert.is(nameToSend('half\ud800', options), 'half\ufffd')
  assert.is(nameToSend(`${'字'.repeat(100)}.txt`, options), `${'字'.repeat(83)}.txt`)
})

test.run()
