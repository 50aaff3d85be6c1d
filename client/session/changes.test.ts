import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MessageFrame } from '../../schema/frames.ts'
import type { MessageItem } from '../chat.ts'
import { codeOf, group, itemsOf, summaryOf } from './changes.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, changes of messages')

async function has(device: TestDevice, id: string): Promise<MessageItem | undefined> {
  return (await device.chat.message({ id })) ?? undefined
}

async function textOf(device: TestDevice, id: string): Promise<string | undefined> {
  const content = (await has(device, id))?.content
  return content?.type === 'text' ? content.text : content?.type
}

/** Waits until a message has this text (or this type) at all of the devices. */
async function untilText(
  world: TestWorld,
  { id, text, at }: { id: string; text: string; at: TestDevice[] },
): Promise<void> {
  for (const device of at) {
    await world.until(`"${text}" at ${device.userId}`, async () => (await textOf(device, id)) === text)
  }
}

/** Sends a text and waits until all have it. */
async function say(
  world: TestWorld,
  { from, to, text, at }: { from: TestDevice; to: string; text: string; at: TestDevice[] },
): Promise<string> {
  const { id } = await from.chat.send({ to, text })
  await untilText(world, { id, text, at: [from, ...at] })
  return id
}

test('`edit()` shows another text everywhere, and says so; the last one counts', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = await say(world, { from: alice, to: 'bob', text: 'at nine', at: [bob] })
    await alice.chat.edit({ id, text: 'at ten' })
    assert.is(await textOf(alice, id), 'at ten')
    await alice.chat.edit({ id, text: 'at eleven' })
    await untilText(world, { id, text: 'at eleven', at: [alice, bob] })
    for (const device of [alice, bob]) assert.type((await has(device, id))?.editedAt, 'number')
    assert.is((await bob.lines('alice')).length, 3)
    assert.equal([...alice.defects, ...bob.defects], [])
  }))

test.run()
