import { v7 as uuidv7 } from 'uuid'
import type { KnownContent } from '../../schema/content.ts'
import type { FastChatError } from '../../schema/errors.ts'

import type { ConversationSummary, MessageItem, TimelineItem } from '../chat.ts'
import { openTables } from './records.ts'
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

export async function itemOf(device: TestDevice, id: string): Promise<MessageItem | undefined> {
  return (await device.chat.message({ id })) ?? undefined
}

/** The text of a message, or what else it is; undefined when it is not there. */
export async function textOf(device: TestDevice, id: string): Promise<string | undefined> {
  const content = (await itemOf(device, id))?.content
  return content?.type === 'text' ? content.text : content?.type
}

/** Waits until a message has this text (or is this) at all of the devices. */
export async function untilText(
  world: TestWorld,
  { id, text, at }: { id: string; text: string | undefined; at: TestDevice[] },
): Promise<void> {
  for (const device of at) {
    await world.until(`"${text}" at ${device.userId}`, async () => (await textOf(device, id)) === text)
  }
}

/** Sends a text and waits until all have it. */
export async function say(
  world: TestWorld,
  request: { from: TestDevice; to: string; text: string; at: TestDevice[]; replyTo?: string },
): Promise<string> {
  const { from, at, ...rest } = request
  const { id } = await from.chat.send(rest)
  await untilText(world, { id, text: rest.text, at: [from, ...at] })
  return id
}

let forged = 0

/** Makes a device send what no session of ours would: it lies in the outbox when the session begins again. */
export async function forge(
  device: TestDevice,
  { other, content, sentAt }: { other: string; content: KnownContent; sentAt: number },
): Promise<string> {
  const summary = await summaryOf(device, other)
  if (!summary) throw new Error(`Cannot forge: no conversation with ${other}`)
  const { id: conversation, kind } = summary
  const id = uuidv7()
  const serial = 1_000_000 + forged++
  const to = kind === 'group' ? { group: other } : { user: other }
  device.store.transaction(() => {
    openTables(device.store).outbox.put([serial], { serial, id, conversation, to, sentAt, content })
  })
  await device.restart()
  return id
}

/** Forges, and waits until somebody has taken it in. */
export async function forgeTo(
  world: TestWorld,
  request: { from: TestDevice; to: TestDevice; other: string; content: KnownContent },
): Promise<void> {
  const { from, to, ...rest } = request
  const id = await forge(from, { ...rest, sentAt: world.clock.now() })
  await world.until('it to be taken in', () => world.server.acked(to.deviceId).includes(id))
  await world.settle()
}

/** Everything that a device has on its disk, as text. */
export function diskOf({ store }: TestDevice): string {
  return JSON.stringify(Object.values(openTables(store)).map(table => [...table.range()]))
}

export async function codeOf(asked: Promise<unknown>): Promise<string> {
  return await asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )
}
