import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes } from '../../schema/errors.ts'
import type { Accounts } from '../chat.ts'
import type { PasswordChecker } from '../locking.ts'
import { showsUtf8 } from './ascii.ts'
import { editText } from './editor.ts'
import { createEffects, failureOf } from './effects.ts'
import { type Guide, openGuided } from './guide.ts'
import { initialModel, needsTicks } from './model.ts'
import type { Command, Msg } from './msg.ts'
import { defaultPreferences, type Preferences } from './preferences.ts'
import { openTerminal, type Terminal, type TerminalOptions } from './terminal.ts'
import { type Theme, themes } from './theme.ts'
import { update } from './update/update.ts'
import { view } from './view/view.ts'
import { windowTitle } from './view/window-title.ts'

export interface TuiOptions {
  accounts: Accounts & PasswordChecker
  /** Whose chat is opened at once, of the accounts of this home. */
  as?: string
  /** Where a new account would be made: shown on the start screen. */
  servers?: readonly string[]
  /** What the config file says; default: as if there was none. */
  preferences?: Preferences
  /** TERM, COLORTERM, NO_COLOR and the like. */
  terminal: Readonly<Record<string, string | undefined>>
  /** Aborted when a signal asks the process to end. */
  stop: AbortSignal
  /** Called once the first screen is there: now what takes long may be loaded. Default: nothing is. */
  onDrawn?: () => void
  /** Has the keyboard in the person's place. Default: nobody has. */
  guide?: Guide
}

const FAST_TICK_MS = 100
const SLOW_TICK_MS = 1000
/** What is unsent by then goes out next time: it is on the disk. */
const MAX_CLOSE_MS = 3000

/**
 * The chat in this process's terminal, until the person quits or `stop` is aborted. The terminal is left as it was
 * found, even when the program fails.
 *
 * @returns the exit code
 * @throws FastChatError `no_terminal` when standard input or output is none; whatever a guide throws.
 */
export async function runTui({
  accounts,
  as,
  servers = [],
  preferences = defaultPreferences,
  terminal: env,
  stop,
  onDrawn = () => undefined,
  guide,
}: TuiOptions): Promise<number> {
  let end: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const idle = idleTimer(preferences.lockAfterMs, () => dispatch({ type: 'idle' }))
  const options: TerminalOptions = {
    env,
    theme: themeNamed(preferences.theme),
    onInput(input) {
      idle.again()
      dispatch(input)
    },
    onResize: size => dispatch({ type: 'resize', size }),
    onHangUp: () => end(),
  }
  const { terminal, show } = guide ? openGuided(guide, options) : { terminal: openTerminal(options) }
  const undoCrash = restoreOnCrash(terminal)
  let model = initialModel({
    size: terminal.size(),
    now: Date.now(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    servers,
    preferences,
  })
  const effects = createEffects({
    ...{ accounts, dispatch, now: Date.now, drawsQr: showsUtf8(env) },
    ...(as ? { as } : {}),
  })
  let isDrawDue = false
  let timer: { interval: ReturnType<typeof setInterval>; ms: number } | undefined

  function dispatch(msg: Msg): void {
    const next = update(model, msg)
    const isChanged = next.model !== model
    model = next.model
    if (isChanged && !isDrawDue) {
      // What comes in one turn of the event loop (a paste, a burst of messages) is drawn once.
      isDrawDue = true
      setImmediate(draw)
    }
    for (const command of next.commands) perform(command)
    setTicks()
  }

  function draw(): void {
    isDrawDue = false
    terminal.title(windowTitle(model))
    terminal.draw(view(model))
  }

  function perform(command: Command): void {
    switch (command.type) {
      case 'quit':
        end()
        break
      case 'redraw':
        terminal.invalidate()
        draw()
        break
      case 'suspend':
        terminal.suspend()
        break
      case 'copy':
        terminal.copy(command.text)
        break
      case 'theme':
        terminal.theme(themeNamed(command.name))
        draw()
        break
      case 'notify':
        terminal.notify(command)
        break
      case 'edit-draft':
        void editDraft(command)
        break
      default:
        void effects.run(command)
    }
  }

  function themeNamed(name: string): Theme {
    return preferences.themes[name] ?? themes.dark
  }

  async function editDraft({ conversation, text }: Extract<Command, { type: 'edit-draft' }>): Promise<void> {
    try {
      await terminal.lend(async () => {
        const edited = await editText(text, env)
        dispatch({ type: 'draft-edited', conversation, text: edited })
      })
    } catch (error) {
      dispatch({ type: 'failed', failure: failureOf(error) })
    }
  }

  /** Time is told only while something on the screen moves with it. */
  function setTicks(): void {
    const wish = needsTicks(model)
    const ms = wish === 'none' ? 0 : wish === 'fast' ? FAST_TICK_MS : SLOW_TICK_MS
    if (ms === (timer?.ms ?? 0)) return
    clearInterval(timer?.interval)
    timer =
      ms === 0
        ? undefined
        : { ms, interval: setInterval(() => dispatch({ type: 'tick', now: Date.now() }), ms) }
  }

  const onStop = () => end()
  stop.addEventListener('abort', onStop)
  if (stop.aborted) end()
  try {
    draw()
    // A turn of the event loop later what it answered is on the screen, too.
    void effects.run({ type: 'list-accounts' }).then(() => setImmediate(onDrawn))
    void show?.().then(end, fail)
    await ended
  } finally {
    stop.removeEventListener('abort', onStop)
    clearInterval(timer?.interval)
    idle.stop()
    // First the screen: closing may take a moment, in which the shell's prompt should be back already.
    terminal.restore()
    await Promise.race([effects.close(), delay(MAX_CLOSE_MS, undefined, { ref: false })])
    undoCrash()
  }
  return exitCodes.done
}

/** Tells once nothing was done for so long; `again` whenever something is. */
function idleTimer(afterMs: number | null, tell: () => void): { again(): void; stop(): void } {
  const timer = afterMs === null ? undefined : setTimeout(tell, afterMs)
  return { again: () => void timer?.refresh(), stop: () => clearTimeout(timer) }
}

/**
 * Gives the terminal back before a defect ends the process. The report says where it happened and no more: the message of
 * an error that is not ours may hold anything.
 */
function restoreOnCrash(terminal: Terminal): () => void {
  const crash = (error: unknown) => {
    terminal.restore()
    const frames =
      error instanceof Error ? (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)) : []
    const name = error instanceof Error ? error.name : typeof error
    process.stderr.write(`fastchat: internal error, please report it\n${[name, ...frames].join('\n')}\n`)
    process.exit(exitCodes.internal)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  return () => {
    process.off('uncaughtException', crash)
    process.off('unhandledRejection', crash)
  }
}
