import type { FastChatError } from '../../schema/errors.ts'
import type { ConversationSummary, TimelineItem } from '../chat.ts'
import type { TestDevice, TestWorld } from './test-world.fixture.ts'

/** For tests of what becomes of messages. */

/** alice, bob and carol, who all have accepted the group "ops" of alice's. */
export async function group(
  world: TestWorld,
): Promise<{ alice: TestDevice; bob: TestDevice; carol: TestDevice }> {
  const alice = await world.device('alice')
  const bob = await world.device('bob')
  const carol = await world.device('carol')
  await alice.chat.createGroup({ group: 'ops', title: 'Operations', members: ['bob', 'carol'] })
  for (const member of [bob, carol]) {
    await world.until(
      'them to be in it',
      async () => (await summaryOf(member, 'ops'))?.title === 'Operations',
    )
    await member.chat.accept({ conversation: (await summaryOf(member, 'ops'))?.id ?? '' })
  }
  return { alice, bob, carol }
}

export async function summaryOf(device: TestDevice, other: string): Promise<ConversationSummary | undefined> {
  const { conversations } = await device.chat.snapshot()
  return conversations.find(({ with: name }) => name === other)
}

/** All lines of the conversation with somebody. */
export async function itemsOf(device: TestDevice, other: string): Promise<TimelineItem[]> {
  const summary = await summaryOf(device, other)
  return summary ? await device.chat.history({ conversation: summary.id, limit: 1000 }) : []
}

export async function codeOf(asked: Promise<unknown>): Promise<string> {
  return await asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )
}
