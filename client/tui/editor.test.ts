import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { editText } from './editor.ts'

const test = suite('the editor')

let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastchat-editor-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** An editor that is a shell script; `$file` is the last of its arguments. */
function editor(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nfor file; do :; done\n${script}\n`)
  chmodSync(path, 0o700)
  return path
}

async function whyNot(text: string, env: Record<string, string>): Promise<string> {
  try {
    return `no error, but ${await editText(text, env)}`
  } catch (error) {
    assert.ok(error instanceof FastChatError && error.code === 'file_unusable', String(error))
    return (error as Error).message
  }
}

test('`editText()` gives the text to the editor and takes what it has left; nothing stays on the disk', async () => {
  const seen = join(folder, 'seen')
  const script = `echo "$1" > ${seen}; stat -c '%a' "$file" "$(dirname "$file")" >> ${seen}; echo "$file" >> ${seen}`
  const command = editor('adds', `${script}; echo 'zwei ☃' >> "$file"`)
  const text = await editText('eins\n', { EDITOR: `${command} --wait`, VISUAL: '' })
  assert.is(text, 'eins\nzwei ☃')
  const [option, fileMode, folderMode, file = ''] = readFileSync(seen, 'utf8').split('\n')
  assert.equal([option, fileMode, folderMode], ['--wait', '600', '700'])
  assert.is(existsSync(file), false)
})

test('`VISUAL` goes before `EDITOR`', async () => {
  const VISUAL = editor('visual', 'printf visual > "$file"')
  assert.is(await editText('', { VISUAL, EDITOR: 'false' }), 'visual')
})

test('an editor that fails, is not there, or leaves no text changes nothing', async () => {
  const left = join(folder, 'left')
  const dies = editor('dies', `echo "$file" > ${left}; echo lost > "$file"; exit 3`)
  assert.match(await whyNot('x', { EDITOR: dies }), 'ended with 3')
  assert.is(existsSync(readFileSync(left, 'utf8').trim()), false)
  assert.match(await whyNot('x', { EDITOR: join(folder, 'nowhere') }), 'cannot be started')
  assert.match(await whyNot('x', { EDITOR: editor('bytes', `printf '\\377\\376' > "$file"`) }), 'no UTF-8')
  const long = editor('long', `head -c ${limits.maxTextBytes + 2} /dev/zero > "$file"`)
  assert.match(await whyNot('x', { EDITOR: long }), 'longer than')
})

test.run()
