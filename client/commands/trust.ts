import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { Verification } from '../chat.ts'
import { qrModules } from '../tui/qr.ts'
import { type Asking, answered, freshen, orStopped, tellOthers } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { jsonLine } from './format.ts'
import { qrLines } from './qr-lines.ts'
import { createWaiter } from './waiting.ts'

/** `fastchat verify`. Exits with 0, 2, 3 or 4. */
export async function verify(context: CommandContext, line: LineOf<'verify'>): Promise<number> {
  const { user, json } = line
  if (line.action === 'show' && line.qr && !context.io.isTerminal()) {
    throw new FastChatError('no_terminal', 'Cannot show QR code: standard output is no terminal')
  }
  return await withAsking({ context, line, what: `verify "${user}"` }, async asking => {
    const before = await look(asking, user)
    if (line.action === 'show') {
      await context.io.print(json ? formatJson(before) : format(before, { hasQr: line.qr }))
      return exitCodes.done
    }
    if (line.action === 'confirm') await confirm(asking, { line, verification: before })
    else await revoke(asking, before)
    await tellOthers(asking)
    const after = await answered(asking, asking.chat.verification({ user }))
    const done = after.isVerified ? `Verified ${user}.\n` : `${user} is not verified.\n`
    await context.io.print(json ? formatJson(after) : done)
    return exitCodes.done
  })
}

/** `fastchat trust`. Exits with 0, 2, 3 or 4. */
export async function trust(context: CommandContext, line: LineOf<'trust'>): Promise<number> {
  const { user, json } = line
  const { io } = context
  return await withAsking({ context, line, what: `accept key of "${user}"` }, async asking => {
    const before = await look(asking, user)
    const after = before.isKeyChanged ? await acceptKey(asking, { context, line, before }) : before
    if (json) {
      const safetyNumber = grouped(after.safetyNumber).join(' ')
      await io.print(jsonLine({ user, before: stateOf(before), after: stateOf(after), safetyNumber }))
    } else await io.print(describe(before, after))
    return exitCodes.done
  })
}

interface AcceptingKey {
  context: CommandContext
  line: LineOf<'trust'>
  before: Verification
}

async function acceptKey(first: Asking, { context, line, before }: AcceptingKey): Promise<Verification> {
  const { chat, stop } = first
  const { user, timeoutMs } = line
  if (!line.yes && !(await orStopped(stop, context.io.confirm(question(before))))) {
    throw new FastChatError('not_allowed', `Cannot send to "${user}": their new account key is not accepted`)
  }
  // A person may think as long as they like.
  const waiter = createWaiter(chat, { timeoutMs, stop })
  try {
    const asking = { ...first, waiter }
    await answered(asking, chat.acceptKey({ user }))
    await tellOthers(asking)
    return await answered(asking, chat.verification({ user }))
  } finally {
    waiter.dispose()
  }
}

/** By what is known after the server has said what is new, when it does. */
async function look(asking: Asking, user: string): Promise<Verification> {
  await freshen(asking)
  return await answered(asking, asking.chat.verification({ user }))
}

async function confirm(
  asking: Asking,
  {
    line,
    verification,
  }: { line: Extract<LineOf<'verify'>, { action: 'confirm' }>; verification: Verification },
): Promise<void> {
  const { user, number } = line
  if (verification.isKeyChanged) {
    const state = `their account key has changed; to accept the new one: fastchat trust ${user}`
    throw new FastChatError('account_key_changed', `Cannot verify "${user}": ${state}`)
  }
  if (verification.safetyNumber !== number) {
    const state = `this is not the safety number; compare it again: fastchat verify ${user}`
    throw new FastChatError('not_allowed', `Cannot verify "${user}": ${state}`)
  }
  await answered(asking, asking.chat.setVerified({ user, isVerified: true, safetyNumber: number }))
}

async function revoke(asking: Asking, { user, isVerified, safetyNumber }: Verification): Promise<void> {
  if (!isVerified) return
  await answered(asking, asking.chat.setVerified({ user, isVerified: false, safetyNumber }))
}

function stateOf({ isVerified, isKeyChanged }: Verification): { verified: boolean; keyChanged: boolean } {
  return { verified: isVerified, keyChanged: isKeyChanged }
}

function formatJson(verification: Verification): string {
  const { user, safetyNumber, qr } = verification
  return jsonLine({ user, safetyNumber: grouped(safetyNumber).join(' '), qr, ...stateOf(verification) })
}

function format(verification: Verification, { hasQr }: { hasQr: boolean }): string {
  const { user, safetyNumber, isVerified, isKeyChanged, qr } = verification
  const groups = grouped(safetyNumber)
  const rows = [0, 4, 8].map(from => `  ${groups.slice(from, from + 4).join(' ')}`)
  const code = hasQr ? ['', ...qrLines(qrModules(Buffer.from(qr, 'base64url')))] : []
  const state = isKeyChanged
    ? `Their account key has changed, and this is the number of the new one. To accept it: fastchat trust ${user}`
    : isVerified
      ? `${user} is verified.`
      : `${user} is not verified. When they see the same number: fastchat verify ${user} --confirm NUMBER`
  return `${[`Safety number with ${user}:`, '', ...rows, ...code, '', state].join('\n')}\n`
}

function question({ user, safetyNumber }: Verification): string {
  const groups = grouped(safetyNumber).join(' ')
  return `The account key of ${user} has changed: they made their account anew, or somebody is between you.
The new safety number: ${groups}
Accept it? [y/N] `
}

function describe(before: Verification, after: Verification): string {
  const { user, safetyNumber } = after
  if (!before.isKeyChanged) return `The account key of ${user} is the one that is known: nothing to accept.\n`
  const now = after.isKeyChanged ? 'has changed once more' : 'accepted'
  return `before: account key changed, not accepted\nnow:    ${now}, ${after.isVerified ? 'verified' : 'not verified'}; compare the number: ${grouped(safetyNumber).join(' ')}\n`
}

/** 12 groups of 5 digits. */
function grouped(safetyNumber: string): string[] {
  return safetyNumber.match(/\d{1,5}/g) ?? []
}
