import type { ConversationSummary, FileItem, MessageItem } from '../chat.ts'
import { sanitizeLine, sanitizeText } from '../tui/sanitize.ts'
import { truncate } from '../tui/width.ts'
import { formatSize, isoTime, jsonLine, plainTime } from './format.ts'

/** A message that came, and what a line of it says besides. */
export interface Received {
  item: MessageItem
  conversation?: ConversationSummary | undefined
  /** Where its file was saved. */
  path?: string | undefined
  /** Why it was not: an error's code. */
  unsaved?: string | undefined
  /** A line for people says of two people's conversations too whom they are with. */
  isPlaced?: boolean
}

/** An object of `fastchat recv --json`, documented in client/README.md. What does not apply is absent. */
export interface ReceivedLine {
  id: string
  from: string
  conversation: string
  /** ISO 8601 in UTC with milliseconds: by the sender's clock, signed by the sender. */
  sentAt: string
  /** By this machine's clock. */
  receivedAt: string
  /** A text, or a file's caption; null where there is none. */
  text: string | null
  kind: 'text' | 'file' | 'deleted' | 'unknown'
  /** What this version does not understand: its type. */
  unsupported?: string
  /** A group's id, and the title it has here. */
  group?: string
  title?: string
  file?: Pick<FileItem, 'name' | 'mediaType' | 'size' | 'image'>
  /** The message that it answers. */
  replyTo?: string
  request?: true
  edited?: true
  deleted?: true
  /** When it disappears; before it was read, how long it will be seen, ms. */
  expiresAt?: string
  expiresInMs?: number
  path?: string
  unsaved?: string
}

export function formatReceivedJson(received: Received): string {
  return jsonLine(lineOf(received))
}

/** The same of any message that is here, `search --json` and `export --json`. */
export interface KnownLine extends ReceivedLine {
  /** Whom the conversation is with: a user id, or a group's. */
  with?: string
  /** Written on a device of this account, and how far it is. */
  mine?: true
  state?: MessageItem['state']
  reactions?: MessageItem['reactions']
}

export function formatKnownJson(received: Received): string {
  const { item, conversation } = received
  const { mine, state, reactions } = item
  const line: KnownLine = {
    ...lineOf(received),
    ...(conversation ? { with: conversation.with } : {}),
    ...(mine ? { mine: true } : {}),
    ...(state === undefined ? {} : { state }),
    ...(reactions === undefined ? {} : { reactions }),
  }
  return jsonLine(line)
}

function lineOf(received: Received): ReceivedLine {
  const { item, conversation, path, unsaved } = received
  const { id, from, content, replyTo, expiresAt, expiresInMs } = item
  return {
    id,
    from,
    conversation: item.conversation,
    sentAt: isoTime(item.sentAt),
    receivedAt: isoTime(item.receivedAt),
    text: textOf(item),
    kind: content.type,
    ...(content.type === 'unknown' ? { unsupported: content.originally } : {}),
    ...groupOf(conversation),
    ...(content.type === 'file' ? { file: fileOf(content) } : {}),
    ...(replyTo ? { replyTo: replyTo.id } : {}),
    ...(conversation?.isRequest ? { request: true } : {}),
    ...(item.editedAt === undefined ? {} : { edited: true }),
    ...(content.type === 'deleted' ? { deleted: true } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt: isoTime(expiresAt) }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(path === undefined ? {} : { path }),
    ...(unsaved === undefined ? {} : { unsaved }),
  }
}

/** A line for people: `2026-11-23 09:12:03 #ops bob: hello`. Further lines of a text are indented. */
export function formatReceived(received: Received): string {
  const { item, conversation } = received
  const head = [plainTime(item.sentAt)]
  if (conversation?.isRequest) head.push('(request)')
  if (conversation?.kind === 'group') head.push(`#${sanitizeLine(conversation.with)}`)
  if (conversation?.kind === 'direct' && received.isPlaced) head.push(`@${sanitizeLine(conversation.with)}`)
  head.push(`${sanitizeLine(item.from)}:`)
  const said = [...answerOf(item), ...bodyOf(received)]
  if (item.editedAt !== undefined) said.push('(edited)')
  return `${[...head, ...said].join(' ')}\n`
}

function textOf({ content }: MessageItem): string | null {
  if (content.type === 'text') return content.text
  return content.type === 'file' ? (content.caption ?? null) : null
}

function groupOf(conversation: ConversationSummary | undefined): { group?: string; title?: string } {
  if (conversation?.kind !== 'group') return {}
  const { with: group, title } = conversation
  return { group, ...(title === undefined ? {} : { title }) }
}

function fileOf({ name, mediaType, size, image }: FileItem): ReceivedLine['file'] {
  return { name, mediaType, size, ...(image ? { image } : {}) }
}

function bodyOf({ item, path, unsaved }: Received): string[] {
  const { content } = item
  switch (content.type) {
    case 'text':
      return [indent(content.text)]
    case 'file': {
      const what = content.image ? 'picture' : 'file'
      return [
        `[${what} ${sanitizeLine(content.name)} ${formatSize(content.size)}]`,
        ...(path === undefined ? [] : [`saved as ${sanitizeLine(path)}`]),
        ...(unsaved === undefined ? [] : ['not saved']),
        ...(content.caption === undefined ? [] : [indent(content.caption)]),
      ]
    }
    case 'deleted':
      return ['[deleted]']
    case 'unknown':
      return [`[${sanitizeLine(content.originally)}: not supported yet]`]
    default:
      return content satisfies never
  }
}

/** With the `…` behind what was cut. */
const MAX_EXCERPT_COLS = 41

function answerOf({ replyTo }: MessageItem): string[] {
  if (!replyTo) return []
  const { from, excerpt } = replyTo
  if (from === undefined) return ['[answers a message that is not here]']
  if (excerpt === undefined) return [`[answers ${sanitizeLine(from)}]`]
  const cut = truncate(sanitizeLine(excerpt), MAX_EXCERPT_COLS)
  return [`[answers ${sanitizeLine(from)}: ${cut}]`]
}

function indent(text: string): string {
  return sanitizeText(text).replaceAll('\n', '\n    ')
}
