import { setImmediate } from 'node:timers/promises'
import type { ConversationRecord, Tables } from '../records.ts'
import type { State } from '../state.ts'
import { formatLine, type HistoryHead, itemOf } from './format.ts'

/** A part of a history: whole lines. */
export interface HistoryPart {
  bytes: Uint8Array
  messages: number
  /** Conversations that begin in it. */
  conversations: number
}

/** Far below what a server takes for one attachment. */
const PART_BYTES = 4 * 1024 * 1024
const SLICE_LINES = 40
/** More than this is not offered: the oldest conversations are left out. */
const MAX_PARTS = 64

/** All conversations of this device, the last active first, in parts. Read some lines at a time: nothing else waits. */
export async function* writeParts({ state }: { state: State }): AsyncGenerator<HistoryPart> {
  const { tables } = state
  let part: { lines: string[]; bytes: number; messages: number; conversations: number } = empty()
  let parts = 0
  let read = 0
  for (const { line, isHead } of linesOf(tables)) {
    if (++read % SLICE_LINES === 0) await setImmediate()
    const bytes = Buffer.byteLength(line)
    if (part.bytes > 0 && part.bytes + bytes > PART_BYTES) {
      yield toPart(part)
      part = empty()
      if (++parts === MAX_PARTS) return
    }
    part.lines.push(line)
    part.bytes += bytes
    if (isHead) part.conversations++
    else part.messages++
  }
  // An empty history is offered too: its answer is that there is nothing.
  if (part.bytes > 0 || parts === 0) yield toPart(part)
}

function* linesOf(tables: Tables): Generator<{ line: string; isHead: boolean }> {
  const records = Array.from(tables.conversations.range(), ({ value }) => value)
  for (const record of records.sort((a, b) => b.lastAt - a.lastAt)) {
    const head = headOf(tables, record)
    if (!head) continue
    let isBegun = false
    for (const { value } of tables.timeline.range({ prefix: [record.serial] })) {
      const item = value.kind === 'message' ? itemOf(value) : undefined
      if (!item) continue
      if (!isBegun) yield { line: formatLine({ head }), isHead: true }
      isBegun = true
      const file = tables.files.get([item.id])?.ref
      yield { line: formatLine(file ? { item, file } : { item }), isHead: false }
    }
  }
}

function headOf(tables: Tables, record: ConversationRecord): HistoryHead | undefined {
  const { kind, with: other, id, title, isRequest } = record
  const asked = isRequest === true ? { isRequest } : {}
  if (kind === 'group') {
    return { kind, with: other, conversation: id, ...(title === undefined ? {} : { title }), ...asked }
  }
  const person = tables.people.get([other])
  if (!person) return undefined
  const { thumbprint: key, accountKey, isBlocked, verified } = person
  return {
    kind,
    with: other,
    key,
    ...(accountKey === undefined ? {} : { accountKey }),
    ...(isBlocked === true ? { isBlocked } : {}),
    ...(verified === key ? { isVerified: true } : {}),
    ...asked,
  }
}

function empty() {
  return { lines: [], bytes: 0, messages: 0, conversations: 0 }
}

function toPart({
  lines,
  messages,
  conversations,
}: {
  lines: string[]
  messages: number
  conversations: number
}): HistoryPart {
  // A file of nothing is no file.
  const text = lines.length === 0 ? '\n' : lines.join('')
  return { bytes: new TextEncoder().encode(text), messages, conversations }
}
