import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SAFETY_NUMBER } from '../agent/test-chat-calls.fixture.ts'
import { typeOnTerminal } from './type-on-terminal.fixture.ts'

const test = suite('commands on a real terminal')

const changed = {
  verifications: [
    { user: 'bob', safetyNumber: SAFETY_NUMBER, qr: 'AQID', isVerified: false, isKeyChanged: true },
  ],
}

test('`trust` asks, shows what is typed, and takes only a yes', async () => {
  const yes = await typeOnTerminal(['trust', 'bob'], {
    answers: [['[y/N] ', 'x\u007fyes\r']],
    scenario: changed,
  })
  assert.is(yes.code, 0, yes.screen)
  assert.match(yes.screen, '[y/N] x\b \byes')
  assert.ok(yes.calls.some(({ method }) => method === 'acceptKey'))
  const no = await typeOnTerminal(['trust', 'bob'], { answers: [['[y/N] ', '\r']], scenario: changed })
  assert.is(no.code, 3, no.screen)
  assert.not.ok(no.calls.some(({ method }) => method === 'acceptKey'))
})

test('`verify --qr` draws half-blocks', async () => {
  const { code, screen } = await typeOnTerminal(['verify', 'bob', '--qr'])
  assert.is(code, 0, screen)
  assert.match(screen, /[ ▀▄█]{25}/)
})

test('`send --file` shows how far it is, and takes it away', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-terminal-'))
  try {
    const path = join(folder, 'crag.png')
    writeFileSync(path, 'a picture')
    const transfers = [
      { direction: 'up' as const, done: 500_000, total: 1_000_000, state: 'running' as const },
      { direction: 'up' as const, done: 1_000_000, total: 1_000_000, state: 'done' as const },
    ]
    const { code, screen } = await typeOnTerminal(['send', 'bob', '--file', path], {
      scenario: { transfers },
    })
    assert.is(code, 0, screen)
    assert.match(screen, 'crag.png  50 %  500.0 kB of 1.0 MB\r\u001b[K')
    assert.ok(screen.endsWith('\r\u001b[K'), JSON.stringify(screen))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
