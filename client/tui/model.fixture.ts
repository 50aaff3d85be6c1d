import type {
  ChatSnapshot,
  ConversationSummary,
  FileItem,
  GroupInfo,
  MessageItem,
  NoticeItem,
  Picture,
  TimelineItem,
  Verification,
} from '../chat.ts'
import { type ChatScreen, initialModel, type Model, type Size } from './model.ts'
import type { Command, Msg } from './msg.ts'
import { defaultPreferences, type Preferences } from './preferences.ts'
import { update } from './update/update.ts'

/** Mon 23 Nov 2026, 09:12 in the zone of the tests. */
export const MORNING = Date.UTC(2026, 10, 23, 9, 12)
const MINUTE_MS = 60_000

export const SERVER = 'ws://chat.example:8080'

/** A person at a screen: what comes in changes the model, what is to be done piles up. */
export interface Desk {
  model(): Model
  /** The chat screen. */
  chat(): ChatScreen
  /** What has been asked for since the last time. */
  commands(): Command[]
  tell(...msgs: Msg[]): void
  /** Keys by their names. */
  press(...keys: string[]): void
  type(text: string): void
}

export function sit(size: Size = { cols: 80, rows: 24 }, preferences: Partial<Preferences> = {}): Desk {
  let model = initialModel({
    preferences: { ...defaultPreferences, ...preferences },
    size,
    now: MORNING,
    timeZone: 'UTC',
    servers: [SERVER],
  })
  let commands: Command[] = []
  const tell = (...msgs: Msg[]) => {
    for (const msg of msgs) {
      const next = update(model, msg)
      model = next.model
      commands.push(...next.commands)
    }
  }
  return {
    model: () => model,
    chat() {
      if (model.screen.type !== 'chat') throw new Error('Cannot look at the chat: the start screen is there')
      return model.screen
    },
    commands() {
      const since = commands
      commands = []
      return since
    },
    tell,
    press: (...keys) => tell(...keys.map(key => ({ type: 'key' as const, key }))),
    type: text => tell({ type: 'text', text }),
  }
}

/** A desk at which alice is logged in; the first conversation is open and its lines have come. */
export function sitInChat(
  options: {
    size?: Size
    conversations?: ConversationSummary[]
    items?: readonly TimelineItem[]
  } & Partial<Preferences> = {},
): Desk {
  const { size, conversations: given, items: known, ...preferences } = options
  const desk = sit(size, preferences)
  const conversations = given ?? [summary('bob', { lastAt: MORNING })]
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations }), now: MORNING })
  const { open } = desk.chat()
  const items = known ?? []
  if (open !== null) desk.tell({ type: 'history', conversation: open, items, isWhole: items.length < 100 })
  desk.commands()
  return desk
}

export function snapshot(change: Partial<ChatSnapshot> = {}): ChatSnapshot {
  return {
    me: 'alice',
    connection: { state: 'online', server: SERVER, latencyMs: 3 },
    conversations: [],
    queued: 0,
    unsent: 0,
    drained: true,
    // That one writes, or is told of a message, or who is there, only in the tests of it: else every test would see it.
    settings: { sendsReadReceipts: true, sendsTyping: false, showsPresence: false, notifies: 'off' },
    historyOffers: [],
    online: [],
    ...change,
  }
}

export function summary(user: string, change: Partial<ConversationSummary> = {}): ConversationSummary {
  return { id: conversationOf(user), kind: 'direct', with: user, unread: 0, lastAt: MORNING, ...change }
}

/** 43 characters, as a conversation's id has. */
export function conversationOf(user: string): string {
  return user.padEnd(43, '_')
}

/** A text of bob's, or with `mine` of alice's; each a minute after the one before. */
export function message(seq: number, text: string, change: Partial<MessageItem> = {}): MessageItem {
  const at = MORNING + seq * MINUTE_MS
  return {
    kind: 'message',
    id: `message-${seq}`,
    conversation: conversationOf('bob'),
    seq,
    from: change.mine ? 'alice' : 'bob',
    mine: false,
    sentAt: at,
    receivedAt: at,
    content: { type: 'text', text },
    ...change,
  }
}

export function notice(seq: number, what: NoticeItem['notice']): NoticeItem {
  return {
    kind: 'notice',
    id: `notice-${seq}`,
    conversation: conversationOf('bob'),
    seq,
    at: MORNING + seq * MINUTE_MS,
    notice: what,
  }
}

/** A group's summary. */
export function group(id: string, change: Partial<ConversationSummary> = {}): ConversationSummary {
  return summary(id, { kind: 'group', role: 'member', memberCount: 4, ...change })
}

/** What an effect answers about a group of alice, who is its admin, bob, carol and dave. */
export function groupInfo(id: string, change: Partial<GroupInfo> = {}): GroupInfo {
  return {
    group: id,
    conversation: conversationOf(id),
    title: 'Saturday climbing',
    role: 'admin',
    epoch: 3,
    members: [
      { user: 'alice', isAdmin: true, isMe: true, isVerified: false },
      { user: 'bob', isAdmin: true, isMe: false, isVerified: true },
      { user: 'carol', isAdmin: false, isMe: false, isVerified: false },
      { user: 'dave', isAdmin: false, isMe: false, isVerified: false },
    ],
    ...change,
  }
}

export function file(change: Partial<FileItem> = {}): FileItem {
  return {
    type: 'file',
    name: 'crag.jpg',
    mediaType: 'image/jpeg',
    size: 1_258_291,
    state: 'remote',
    ...change,
  }
}

/** A picture of sky and rock. */
export function picture({ width = 48, height = 24 } = {}): Picture {
  const bytes = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isRock = y > height - 4 - (x * height) / width / 1.5
      const color = isRock ? [150 - y * 2, 110 - y, 70] : [90 + y * 4, 150 + y * 3, 235]
      bytes.set(color, (y * width + x) * 3)
    }
  }
  return { width, height, rgb: Buffer.from(bytes).toString('base64') }
}

export const SAFETY_NUMBER = '123456789012345678901234567890123456789012345678901234567890'

export function verification(change: Partial<Verification> = {}): Verification {
  const qr = Buffer.from(Array.from({ length: 66 }, (_, index) => (index * 37) % 251)).toString('base64url')
  return { user: 'bob', safetyNumber: SAFETY_NUMBER, qr, isVerified: false, isKeyChanged: false, ...change }
}
