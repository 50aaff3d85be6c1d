import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { createDefectLog } from './defect-log.ts'

const test = suite('createDefectLog()')
let folder = ''
const path = () => join(folder, 'client.log')

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastchat-defects-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

test('it keeps where a defect happened, not what a foreign message quotes, for the owner alone', () => {
  const report = createDefectLog({ folder })
  report(new TypeError('"meet me at nine" is not iterable'))
  report(new FastChatError('internal', 'Cannot open chain: it is gone'))
  report('meet me at ten')
  const kept = readFileSync(path(), 'utf8')
  assert.match(kept, /TypeError\n\s+at .*defect-log\.test\.ts/)
  assert.match(kept, 'internal: Cannot open chain: it is gone')
  assert.not.match(kept, 'meet me')
  assert.is(statSync(path()).mode & 0o777, 0o600)
})

test('it stops at 1 MiB, and a log that cannot be written is no further defect', () => {
  const report = createDefectLog({ folder })
  writeFileSync(path(), Buffer.alloc(1024 * 1024))
  report(new Error('one more'))
  assert.is(statSync(path()).size, 1024 * 1024)
  createDefectLog({ folder: join(folder, 'nowhere') })(new Error('nobody hears'))
})

test.run()
