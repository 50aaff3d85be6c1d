import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { createTestChat } from '../agent/test-chat.fixture.ts'
import { workInChat } from './chat-effects.ts'
import { exportConversation } from './exporting.ts'
import type { Msg } from './msg.ts'
import { pathsOf } from './paths.ts'

const test = suite('/export')

test('writes text under a new name each time, JSON by its ending, and nothing over another file', async () => {
  const home = mkdtempSync(join(tmpdir(), 'fastchat-export-'))
  try {
    const { chat, snapshot, receive } = createTestChat()
    const { conversation } = receive('bob', 'hello\u001b[2J')
    snapshot.conversations = [{ id: conversation, kind: 'direct', with: 'bob', unread: 0, lastAt: 0 }]
    const given = { conversation, paths: pathsOf({ cwd: home, home }) }
    const told: Msg[] = []
    const typed = { conversation, text: '/export' }
    await workInChat(
      { type: 'export', conversation, typed },
      { chat, paths: given.paths, drawsQr: true, dispatch: msg => told.push(msg) },
    )
    const first = join(home, 'fastchat-bob.txt')
    assert.equal(told, [{ type: 'done', text: `Exported, not encrypted: ${first}` }])
    assert.is(readFileSync(first, 'utf8'), '== @bob ==\n2026-11-23 09:12:01 bob: hello\n')
    assert.is(statSync(first).mode & 0o777, 0o600)
    assert.is(await exportConversation(chat, given), join(home, 'fastchat-bob (2).txt'))
    const json = await exportConversation(chat, { ...given, path: '~/bob.ndjson' })
    assert.is(JSON.parse(readFileSync(json, 'utf8')).text, 'hello\u001b[2J')
    for (const path of ['fastchat-bob.txt', 'none/there', '.']) {
      const error = await exportConversation(chat, { ...given, path }).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof FastChatError && error.code === 'file_unusable', path)
    }
    assert.is(readdirSync(home).length, 3)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

test.run()
