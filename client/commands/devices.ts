import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { DeviceId, MessageId } from '../../schema/ids.ts'
import type { Chat, HistoryOffer } from '../chat.ts'
import { type Asking, answered, catchUp, sendOut, withLatest } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { count, formatDevice, formatDeviceJson, jsonLine } from './format.ts'
import { isMoving, showTransfers } from './transfers.ts'

/** `fastchat devices`: lists them, names or revokes one, passes history on. Exits with 0, 2, 3 or 4. */
export async function devices(context: CommandContext, line: LineOf<'devices'>): Promise<number> {
  const what = line.action === 'list' ? 'list devices' : `${verbs[line.action]}`
  return await withAsking({ context, line, what, isProgress: isMoving }, async asking => {
    const { io } = context
    const direction = line.action === 'share' ? 'up' : 'down'
    const hide = showTransfers(asking.chat, { io, direction, label: () => 'history' })
    try {
      for (const text of await run(asking, line)) await io.print(text)
    } finally {
      hide()
    }
    return exitCodes.done
  })
}

type DevicesLine = LineOf<'devices'>

const verbs: Record<Exclude<DevicesLine['action'], 'list'>, string> = {
  revoke: 'revoke device',
  name: 'name device',
  share: 'share history',
  offers: 'list history that is offered',
  accept: 'take history in',
  decline: 'decline history',
}

/** @returns what is to be printed */
async function run(asking: Asking, line: DevicesLine): Promise<string[]> {
  const { chat } = asking
  const { json } = line
  switch (line.action) {
    case 'list': {
      const all = await answered(asking, chat.devices())
      return all.map(device => (json ? formatDeviceJson(device) : formatDevice(device)))
    }
    case 'revoke': {
      const { deviceId } = line
      await answered(asking, revokeOne(chat, deviceId))
      return [json ? jsonLine({ revoked: deviceId }) : `Revoked ${deviceId}.\n`]
    }
    case 'name': {
      const { deviceId, name } = line
      await answered(asking, chat.nameDevice({ deviceId, name }))
      const done = name === null ? `${deviceId} has no name any more.` : `${deviceId} is "${name}".`
      return [json ? jsonLine({ deviceId, name }) : `${done}\n`]
    }
    case 'share':
      return [await share(asking, line)]
    case 'offers': {
      await catchUp(asking)
      const { historyOffers } = await chat.snapshot()
      return historyOffers.map(offer => (json ? jsonLine(offerOf(offer)) : formatOffer(offer)))
    }
    case 'accept':
    case 'decline':
      return [await answer(asking, line)]
    default:
      return line satisfies never
  }
}

async function revokeOne(chat: Chat, deviceId: DeviceId): Promise<void> {
  const current = (await chat.devices()).find(device => device.current)
  try {
    await chat.revokeDevice({ deviceId })
  } catch (error) {
    // Its session may end before the answer is here.
    const isDone = error instanceof FastChatError && error.code === 'device_revoked'
    if (!isDone || current?.deviceId !== deviceId) throw error
  }
}

async function share(
  asking: Asking,
  { deviceId, json }: Extract<DevicesLine, { action: 'share' }>,
): Promise<string> {
  const { messages } = await sendOut(asking, () => asking.chat.shareHistory({ deviceId }))
  if (json) return jsonLine({ offeredTo: deviceId, messages })
  return `Offered ${count(messages, 'message')} to ${deviceId}; there: fastchat devices history accept\n`
}

async function answer(
  asking: Asking,
  line: Extract<DevicesLine, { action: 'accept' | 'decline' }>,
): Promise<string> {
  const { chat } = asking
  const { action, json } = line
  await catchUp(asking)
  const id = line.id ?? onlyOffer((await chat.snapshot()).historyOffers, action)
  const isAccepted = action === 'accept'
  const { messages } = await withLatest(asking, () => chat.answerHistory({ id, isAccepted }))
  if (json) return jsonLine(isAccepted ? { accepted: id, messages } : { declined: id })
  return isAccepted ? `Took in ${count(messages, 'message')}.\n` : `Declined ${id}.\n`
}

function onlyOffer(offers: readonly HistoryOffer[], action: string): MessageId {
  const [first, ...more] = offers
  if (!first) {
    const state = 'none is offered; on the other device: fastchat devices share ID'
    throw new FastChatError('not_found', `Cannot ${action} history: ${state}`)
  }
  if (more.length === 0) return first.id
  const state = `${offers.length} are offered; say which one: fastchat devices history lists them`
  throw new FastChatError('usage', `Cannot ${action} history: ${state}`)
}

function offerOf({ id, from, messages, conversations }: HistoryOffer): HistoryOffer {
  return { id, from, messages, conversations }
}

function formatOffer({ id, from, messages, conversations }: HistoryOffer): string {
  return `${id}  from ${from}  ${count(messages, 'message')} of ${count(conversations, 'conversation')}\n`
}
