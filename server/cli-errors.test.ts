import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../scripts/test/wait-for.ts'
import { cleanUp, folder, start } from './testing/program.ts'

const test = suite('what `fastchat serve` and `fastchat db` say when they cannot run')

test.after(cleanUp)

test('what is wrong is said in one sentence, with its exit code', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await waitFor(() => taken.listening, { what: 'the port' })
  const port = String((taken.address() as { port: number }).port)
  const data = join(folder, 'errors')
  const cases = [
    { args: ['serve', '--port', port, '--data', data], code: 3, says: /port is taken/ },
    { args: ['db', '--port', port, '--data', `${data}-db`], code: 3, says: /port is taken/ },
    { args: ['serve', '--prot', '1'], code: 2, says: /command line/ },
    { args: ['serve'], env: { MONGODB_URI: 'nonsense' }, code: 2, says: /MONGODB_URI/ },
  ]
  await Promise.all(
    cases.map(async ({ args, env, code, says }) => {
      const program = start(args, env)
      assert.is(await program.ended, code, program.said.stderr)
      assert.match(program.said.stderr, says)
      assert.is(program.said.stderr.trim().split('\n').length, 1, program.said.stderr)
      assert.is(program.said.stdout, '')
    }),
  )
  taken.close()
})

test('a second server on the same data says who has it', async () => {
  const data = join(folder, 'once')
  const first = start(['serve', '--port', '0', '--data', data])
  await first.line(/ws:\/\/\S+/)
  const second = start(['serve', '--port', '0', '--data', data])
  assert.is(await second.ended, 3)
  assert.match(second.said.stderr, /process \d+ has it open/)
  await first.stop()
})

test('a server that waits for its database says so in its log, and still ends on SIGTERM', async () => {
  const program = start(['serve', '--port', '0'], {
    MONGODB_URI: 'mongodb://user:pass-word@127.0.0.1:1/?serverSelectionTimeoutMS=200',
  })
  await waitFor(() => program.said.stderr.includes('Cannot reach the database'), {
    what: 'the line',
    timeoutMs: 20_000,
  })
  assert.not.match(program.said.stderr, 'pass-word')
  assert.is(await program.stop(), 0)
})

test('`--help` explains and ends with 0, and makes no files', async () => {
  for (const command of ['serve', 'db']) {
    const program = start([command, '--help'], { FASTCHAT_DATA: join(folder, 'untouched') })
    assert.is(await program.ended, 0)
    assert.match(program.said.stdout, `Usage: fastchat ${command}`)
  }
  assert.not(readdirSync(folder).includes('untouched'))
})

test.run()
