/**
 * A process that shares an account: `agent-process.fixture.ts <home> <user>`. It prints one JSON object a line: `opened`
 * when its chat is open, `owner` each time it becomes the owner, `event` for each event, `answer` or `error` for each line
 * of stdin, which is `{method, request}`.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { FastChatError } from '../../schema/errors.ts'
import type { Chat } from '../chat.ts'
import { openHome } from '../home/home-folder.ts'
import { createAgent } from './create-agent.ts'
import { createTestChat } from './test-chat.fixture.ts'

const [folder = '', userId = ''] = process.argv.slice(2)
const print = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`)
const agent = createAgent({ home: await openHome({ folder }), helloTimeoutMs: 3000, callTimeoutMs: 3000 })
const chat = await agent.openChat(userId, async () => {
  print({ owner: process.pid })
  return createTestChat(userId).chat
})
chat.subscribe(event => print({ event }))
print({ opened: true })

for await (const line of createInterface({ input: process.stdin })) {
  const { method, request } = JSON.parse(line) as { method: keyof Chat; request: never }
  try {
    print({ answer: (await chat[method](request)) ?? null, to: method })
  } catch (error) {
    print({ error: error instanceof FastChatError ? error.code : String(error), to: method })
  }
}
await chat.close()
