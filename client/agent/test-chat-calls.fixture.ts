import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import type { Chat, ConversationSummary, GroupInfo, MessageItem, Verification } from '../chat.ts'
import type { TestChat } from './test-chat.fixture.ts'

export const SAFETY_NUMBER = Array.from({ length: 12 }, (_, n) => String(10_000 + n)).join('')

/** What the calls of groups, files and trust need of the chat for tests. */
export interface CallsOfTest {
  test: TestChat
  record: (method: string, request: unknown) => void
  add: (message: { to: string; content: MessageItem['content']; id?: string }) => MessageItem
  conversationOf: (to: string) => string
}

function fail(code: ErrorCode, state: string): never {
  throw new FastChatError(code, `Cannot do it: ${state}`)
}

/** Plays groups, files, trust and changes of messages by what is in the test's arrays. */
export function createCalls(given: CallsOfTest): Partial<Chat> {
  return { ...groupCalls(given), ...messageCalls(given), ...trustCalls(given), ...deviceCalls(given) }
}

function groupCalls({ test, record, conversationOf }: CallsOfTest): Partial<Chat> {
  const { groups, snapshot } = test
  const find = (group: string): GroupInfo => groups.get(group) ?? fail('unknown_group', `no group "${group}"`)
  const asAdmin = (group: string): GroupInfo => {
    const info = find(group)
    return info.role === 'admin' ? info : fail('not_an_admin', 'you are no admin')
  }
  const knowing = (users: readonly string[]) => {
    if (users.includes('nobody')) fail('unknown_user', 'no such user')
  }
  return {
    async createGroup(request) {
      record('createGroup', request)
      const { group, title, members = [] } = request
      if (group === 'taken') fail('group_exists', 'the id is taken')
      knowing(members)
      const info: GroupInfo = {
        group,
        conversation: conversationOf(group),
        ...(title === undefined ? {} : { title }),
        role: 'admin',
        epoch: 0,
        members: [snapshot.me, ...members].map(user => ({
          user,
          isAdmin: user === snapshot.me,
          isMe: user === snapshot.me,
          isVerified: false,
        })),
      }
      groups.set(group, info)
      test.enqueue()
      return info
    },
    async groupInfo(request) {
      record('groupInfo', request)
      return find(request.group)
    },
    async addMembers(request) {
      record('addMembers', request)
      const info = asAdmin(request.group)
      knowing(request.members)
      for (const user of request.members) {
        info.members.push({ user, isAdmin: false, isMe: false, isVerified: false })
      }
      return info
    },
    async removeMembers(request) {
      record('removeMembers', request)
      const info = asAdmin(request.group)
      info.members = info.members.filter(({ user }) => !request.members.includes(user))
      return info
    },
    async setAdmin(request) {
      record('setAdmin', request)
      const info = asAdmin(request.group)
      const member = info.members.find(({ user }) => user === request.user)
      if (!member) return fail('not_a_member', 'they are not in it')
      member.isAdmin = request.isAdmin
      return info
    },
    async setTitle(request) {
      record('setTitle', request)
      const info = asAdmin(request.group)
      info.title = request.title
      test.enqueue()
      return info
    },
    async leaveGroup(request) {
      record('leaveGroup', request)
      if (find(request.group).members.length > 1) fail('last_admin', 'you are the last admin')
    },
  }
}

function messageCalls({ test, record, add, conversationOf }: CallsOfTest): Partial<Chat> {
  const { snapshot, messages } = test
  const find = (id: string): MessageItem =>
    messages.find(item => item.id === id) ?? fail('unknown_message', 'no such message')
  const mine = (id: string): MessageItem => {
    const item = find(id)
    return item.mine ? item : fail('not_allowed', 'it is not yours')
  }
  return {
    async sendFile(request) {
      record('sendFile', request)
      if (!existsSync(request.path)) fail('file_unusable', 'there is no such file')
      const { path, as, caption, to } = request
      const content = {
        type: 'file' as const,
        name: basename(path),
        mediaType: as === 'image' ? 'image/png' : 'application/octet-stream',
        size: 1234,
        state: 'here' as const,
        ...(caption === undefined ? {} : { caption }),
      }
      return add({ to, content })
    },
    async search(request) {
      record('search', request)
      const found = messages.filter(
        ({ conversation, content }) =>
          content.type === 'text' &&
          content.text.includes(request.query) &&
          (request.conversation ?? conversation) === conversation,
      )
      const hits = found.map(({ id, conversation, seq, from, mine, sentAt, receivedAt, content }) => {
        const excerpt = content.type === 'text' ? content.text : ''
        const words = [request.query]
        return { id, conversation, seq, from, mine, sentAt, receivedAt, excerpt, words }
      })
      return { hits: hits.reverse().slice(0, request.limit), total: found.length }
    },
    async saveFile(request) {
      record('saveFile', request)
      const { content } = find(request.id)
      if (content.type !== 'file') return fail('file_unusable', 'it has no file')
      if (content.state === 'gone') fail('not_found', 'no server has it')
      return { path: join(request.folder, content.name) }
    },
    async edit(request) {
      record('edit', request)
      mine(request.id)
      test.enqueue()
    },
    async deleteMessage(request) {
      record('deleteMessage', request)
      mine(request.id)
      test.enqueue()
    },
    async react(request) {
      record('react', request)
      find(request.id)
      test.enqueue()
    },
    async setTimer(request) {
      record('setTimer', request)
      test.enqueue()
    },
    async mute(request) {
      record('mute', request)
    },
    async setSettings(request) {
      record('setSettings', request)
      Object.assign(snapshot.settings, request)
    },
    async open(request) {
      record('open', request)
      const id = request.with.replace(/^[@#]/, '')
      if (id === 'nobody') throw new FastChatError('unknown_user', 'Cannot find "nobody": no such user')
      const isGroup = request.with.startsWith('#')
      const known = snapshot.conversations.find(one => one.with === id && (one.kind === 'group' || !isGroup))
      if (known) return known
      if (isGroup) fail('unknown_group', `no group "${id}"`)
      return { id: conversationOf(id), kind: 'direct', with: id, unread: 0, lastAt: 0 }
    },
  }
}

function trustCalls({ test, record }: CallsOfTest): Partial<Chat> {
  const { snapshot } = test
  const find = (user: string): Verification => {
    if (user === 'nobody') fail('unknown_user', 'no such user')
    const known = test.verifications.get(user)
    if (known) return known
    const made = { user, safetyNumber: SAFETY_NUMBER, qr: 'AQIDBA', isVerified: false, isKeyChanged: false }
    test.verifications.set(user, made)
    return made
  }
  const change = (is: (one: ConversationSummary) => boolean, to: Partial<ConversationSummary>) => {
    for (const one of snapshot.conversations.filter(is)) Object.assign(one, to)
  }
  return {
    async accept(request) {
      record('accept', request)
      change(({ id }) => id === request.conversation, { isRequest: false })
      test.enqueue()
    },
    async block(request) {
      record('block', request)
      find(request.user)
      change(one => one.kind === 'direct' && one.with === request.user, { isBlocked: request.isBlocked })
    },
    async verification(request) {
      record('verification', request)
      return { ...find(request.user) }
    },
    async setVerified(request) {
      record('setVerified', request)
      const known = find(request.user)
      if (request.safetyNumber !== known.safetyNumber) fail('account_key_changed', 'another number')
      known.isVerified = request.isVerified
    },
    async acceptKey(request) {
      record('acceptKey', request)
      Object.assign(find(request.user), { isKeyChanged: false, isVerified: false })
    },
  }
}

function deviceCalls({ test, record }: CallsOfTest): Partial<Chat> {
  const find = (deviceId: string) =>
    test.devices.find(device => device.deviceId === deviceId) ?? fail('not_found', 'no such device')
  return {
    async nameDevice(request) {
      record('nameDevice', request)
      const device = find(request.deviceId)
      if (request.name === null) delete device.name
      else device.name = request.name
    },
    async shareHistory(request) {
      record('shareHistory', request)
      if (find(request.deviceId).current) fail('not_found', 'it is this one')
      test.enqueue()
      return { messages: 12 }
    },
    async answerHistory(request) {
      record('answerHistory', request)
      const offers = test.snapshot.historyOffers
      const at = offers.findIndex(({ id }) => id === request.id)
      const [offer] = at < 0 ? [] : offers.splice(at, 1)
      if (!offer) return fail('not_found', 'no such offer')
      return { messages: request.isAccepted ? offer.messages : 0 }
    },
  }
}
