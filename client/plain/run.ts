// Long because the screen that is told instead of drawn is one loop, read in one place.
import { setTimeout as delay } from 'node:timers/promises'
import { errorTable, exitCodes, FastChatError, isErrorCode } from '../../schema/errors.ts'
import type { Accounts } from '../chat.ts'
import type { Io } from '../commands/io.ts'
import { lastGroup } from '../core/recovery-code.ts'
import type { PasswordChecker } from '../locking.ts'
import { asciiText } from '../tui/ascii.ts'
import { createEffects } from '../tui/effects.ts'
import { type ChatScreen, initialModel, type Model, type NewCode } from '../tui/model.ts'
import type { ChatCommand, Command, Msg } from '../tui/msg.ts'
import { sanitizeText } from '../tui/sanitize.ts'
import { readLine } from '../tui/slash-commands.ts'
import { EMPTY_FIELD, fieldOf } from '../tui/text-field.ts'
import { PAGE_ITEMS, patch } from '../tui/update/conversations.ts'
import { update } from '../tui/update/update.ts'
import type { Line, LineInput } from './line-input.ts'
import { messageLine } from './message-line.ts'
import { overlayLines } from './overlay-lines.ts'
import {
  type PlainCommand,
  readPlainCommand,
  runPlainCommand,
  SCREEN_ONLY,
  type Shown,
} from './plain-commands.ts'
import { openAccount } from './start-dialog.ts'
import { createTeller, questionLine } from './teller.ts'

export interface PlainOptions {
  accounts: Accounts & PasswordChecker
  /** Whose chat is opened at once, of the accounts of this home. */
  as?: string
  servers?: readonly string[]
  io: Pick<Io, 'print'>
  input: LineInput
  /** Whether what reads the output shows UTF-8; else it gets ASCII. */
  isUtf8: boolean
  /** FASTCHAT_PASSWORD. */
  password?: string
  /** Said first: why it is lines. */
  reason?: string
  /** Aborted when a signal asks the process to end. */
  stop: AbortSignal
}

/** What `update()` counts in; nothing is drawn. */
const SIZE = { cols: 80, rows: 24 }
/** What is unsent by then goes out next time: it is on the disk. */
const MAX_LEAVE_MS = 10_000
const MAX_CLOSE_MS = 3000

/** What a line need not wait for, although it was asked for before. */
const IN_BACKGROUND: readonly Command['type'][] = ['save-file', 'export', 'mark-read', 'measure-servers']

/**
 * The chat in lines, for a screen reader, a serial line, a pipe: what is new is written as it comes, what is read is a text
 * or a command. Nothing moves, nothing is coloured. It is the screen's own model, told instead of drawn.
 *
 * @returns the exit code
 * @throws FastChatError `usage` when the input ended before an account was open
 * @throws Interrupted at Ctrl-C where a password is asked for
 */
export async function runPlain(options: PlainOptions): Promise<number> {
  const { accounts, as, servers = [], io, input, isUtf8, stop } = options
  const teller = createTeller()
  const running = new Map<Promise<void>, Command['type']>()
  const watching = new Set<() => void>()
  let model = initialModel({
    size: SIZE,
    now: Date.now(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    servers,
  })
  const shown: Shown = { listed: [], devices: [], verification: null }
  let question: readonly ChatCommand[] | null = null
  let refusal: string | null = null
  let isOver = false
  let printed: Promise<void> = Promise.resolve()
  let outputError: unknown

  const effects = createEffects({ accounts, dispatch, now: Date.now, drawsQr: false, ...(as ? { as } : {}) })

  function say(...lines: string[]): void {
    if (lines.length === 0 || outputError) return
    const text = lines.map(line => `${isUtf8 ? line : asciiText(line)}\n`).join('')
    printed = printed
      .then(() => io.print(text))
      .catch(error => {
        outputError ??= error
        end()
      })
  }

  function end(): void {
    isOver = true
    for (const look of watching) look()
  }

  function dispatch(msg: Msg): void {
    const before = model
    const next = update(model, msg)
    model = next.model
    const told = teller.tell(before, msg, model)
    say(...told.lines)
    if (told.read) perform({ type: 'mark-read', ...told.read })
    remember(msg)
    for (const command of next.commands) perform(command)
    if (msg.type === 'chat-opened') readUnread(model)
    if (model.newCode) showCode(model.newCode)
    // It was told: nothing stays over the chat.
    if (model.screen.type === 'chat' && model.screen.overlay) dispatch({ type: 'key', key: 'escape' })
    for (const look of watching) look()
  }

  /** Here it stays in what was printed: nobody need show that it is written down. */
  function showCode({ code }: NewCode): void {
    say(
      `* Recovery code: ${code}`,
      '* Write it down, it replaces a forgotten password. It is shown only now.',
    )
    dispatch({ type: 'text', text: lastGroup(code) })
  }

  function remember(msg: Msg): void {
    if (msg.type === 'chat-refused') refusal = msg.failure.code
    if (msg.type === 'verification') shown.verification = msg.verification
    if (msg.type !== 'devices') return
    shown.devices = msg.devices
    const { screen, timeZone } = model
    if (!msg.isNews || screen.type !== 'chat') return
    say(
      ...overlayLines(
        { type: 'devices', devices: msg.devices, selected: 0, prompt: null },
        { chat: screen, timeZone },
      ),
    )
  }

  function perform(command: Command): void {
    switch (command.type) {
      case 'quit':
        end()
        break
      // What only a screen has.
      case 'redraw':
      case 'suspend':
      case 'copy':
      case 'edit-draft':
      case 'notify':
      case 'complete-path':
      case 'theme':
      case 'unlock':
      case 'picture':
      case 'typing':
        break
      default: {
        const done = effects.run(command).finally(() => running.delete(done))
        running.set(done, command.type)
      }
    }
  }

  /** What came while nobody was here; that of the open conversation is asked for by itself. */
  function readUnread({ screen }: Model): void {
    if (screen.type !== 'chat') return
    for (const { summary, load } of screen.conversations) {
      const isWanted = summary.unread > 0 && load === 'none' && !summary.isRequest && !summary.isBlocked
      if (isWanted) perform({ type: 'load-history', conversation: summary.id, limit: PAGE_ITEMS })
    }
  }

  async function idle(isWhole = false): Promise<void> {
    for (;;) {
      const waited = [...running].filter(([, type]) => isWhole || !IN_BACKGROUND.includes(type))
      if (waited.length === 0) return
      await Promise.all(waited.map(([done]) => done))
    }
  }

  function until(is: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (!is()) return
        watching.delete(look)
        resolve()
      }
      watching.add(look)
      look()
    })
  }

  const over = until(() => isOver)
  /** The next line, or null: at the end of the input, or of all. */
  const orOver = (line: Promise<Line>) => Promise.race([line, over.then(() => null)])

  function take(text: string): void {
    const { screen } = model
    if (screen.type !== 'chat') return
    const isYes = /^\s*y(es)?\s*$/i.test(text)
    if (question) {
      const commands = isYes ? question : []
      question = null
      for (const command of commands) perform(command)
      if (!isYes) say('Nothing was done.')
      return
    }
    if (screen.question) {
      dispatch({ type: 'key', key: isYes ? 'y' : 'n' })
      return
    }
    const command = readPlainCommand(text)
    const line = readLine(text)
    if (line.type === 'command' && SCREEN_ONLY.includes(line.name))
      say(`/${line.name} is of the screen only.`)
    else if (command) runHere(command, screen)
    else submit(text, screen)
  }

  function runHere(command: PlainCommand, chat: ChatScreen): void {
    const outcome = runPlainCommand(command, { chat, shown })
    const { lines = [], commands = [], question: asked, listed = [] } = outcome
    say(...lines)
    if (listed.length > 0) shown.listed = listed
    const around = { me: chat.me, timeZone: model.timeZone, now: Date.now() }
    const summaryOf = (id: string) => chat.conversations.find(({ summary }) => summary.id === id)?.summary
    for (const [index, item] of listed.entries()) {
      say(`${index + 1}. ${messageLine(item, { summary: summaryOf(item.conversation), around })}`)
    }
    for (const one of commands) perform(one)
    if (!asked) return
    question = asked.commands
    say(questionLine(asked.text))
  }

  /** As if it had been written in the composer, in which nothing of what was refused is left. */
  function submit(text: string, screen: ChatScreen): void {
    const empty = patch({ ...screen, draft: EMPTY_FIELD }, screen.open ?? '', before => ({
      ...before,
      draft: EMPTY_FIELD,
      about: null,
    }))
    const draft = fieldOf(sanitizeText(text))
    const written =
      screen.open === null ? { ...empty, draft } : patch(empty, screen.open, before => ({ ...before, draft }))
    model = { ...model, screen: written }
    dispatch({ type: 'key', key: 'enter' })
  }

  async function askFor(line: () => Promise<Line>, text: string): Promise<Line> {
    // First the reading: whoever answers a question for a secret at once must not be echoed.
    const answer = line()
    say(text)
    return await orOver(answer)
  }

  async function chat(): Promise<void> {
    for (;;) {
      await Promise.race([idle(), over])
      const back = until(() => model.screen.type === 'start' || isOver).then(() => 'back' as const)
      const line = await Promise.race([input.line(), back])
      if (isOver || line === 'back') return
      if (line === null) return await leave()
      if (line === 'too-long') say('! That line is too long: nothing was sent.')
      else take(line.text)
    }
  }

  /** At the end of the input everything that was asked for is done first, and what waits on the server is told. */
  async function leave(): Promise<void> {
    const isDone = () => {
      const { screen } = model
      if (screen.type !== 'chat' || screen.connection.state === 'offline') return true
      return screen.queued === 0 && screen.isDrained
    }
    await Promise.race([
      idle(true).then(() => Promise.race([until(isDone), delay(MAX_LEAVE_MS, undefined, { ref: false })])),
      over,
    ])
    end()
  }

  const onStop = () => end()
  stop.addEventListener('abort', onStop)
  if (stop.aborted) end()
  try {
    if (options.reason) say(options.reason)
    perform({ type: 'list-accounts' })
    while (!isOver) {
      const opened = await openAccount({
        ...{ model: () => model, dispatch, say },
        idle: () => Promise.race([idle(), over]),
        ask: text => askFor(() => input.line(), text),
        askSecret: text => askFor(() => input.secret(), text),
        ...(options.password === undefined ? {} : { password: options.password }),
      })
      if (isOver || opened === 'quit') break
      if (opened === 'ended') return ended(refusal)
      await chat()
    }
    const { screen } = model
    if (screen.type === 'chat' && screen.queued > 0)
      say(`* Not sent yet, kept for the next time: ${screen.queued}`)
  } finally {
    stop.removeEventListener('abort', onStop)
    input.close()
    await printed
    await Promise.race([effects.close(), delay(MAX_CLOSE_MS, undefined, { ref: false })])
  }
  if (outputError) throw outputError
  return exitCodes.done
}

/** Nothing is left to read, and no account is open. */
function ended(refusal: string | null): number {
  if (refusal !== null && isErrorCode(refusal)) return errorTable[refusal].exit
  throw new FastChatError('usage', 'Cannot open chat: the input ended before an account was open')
}
