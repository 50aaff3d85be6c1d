import { spawn as spawnPty } from '@lydell/node-pty'
import unicode11 from '@xterm/addon-unicode11'
import headless from '@xterm/headless'
import { waitFor } from '../test/wait-for.ts'
import { attachGraphics, type GraphicsOptions, type SeenGraphics } from './graphics.ts'
import { KEYS } from './keys.ts'

/** What a cell on the screen looks like. */
export interface CellLook {
  text: string
  /** Cells it takes; 0 is the second half of the one to the left. */
  width: number
  /** 0 to 255 of the palette, an RGB value as `#rrggbb`, or null: the terminal's own. */
  color: number | string | null
  background: number | string | null
  isBold: boolean
  isFaint: boolean
  isUnderlined: boolean
  isInverse: boolean
}

/** A program in a pseudo-terminal, seen through a terminal emulator. */
export interface TestTerminal {
  readonly pid: number
  /** The rows of the screen, without blanks at their ends. */
  screen(): string[]
  /** Cell by cell, row by row. */
  cells(): CellLook[][]
  /** Where the cursor is; whether it is shown is in `modes()`. */
  cursor(): { x: number; y: number }
  /** Resolves with the screen once a text is on it. Fails with the screen in its message. */
  waitForText(text: string | RegExp, timeoutMs?: number): Promise<string[]>
  /** The same for any condition on the screen. */
  waitForScreen(is: (screen: string[]) => boolean, what: string, timeoutMs?: number): Promise<string[]>
  /** Characters, as from a keyboard. */
  type(text: string): void
  key(name: keyof typeof KEYS): void
  /** As a terminal pastes: bracketed, when the program asked for it. */
  paste(text: string): void
  wheel(direction: 'up' | 'down'): void
  resize(size: { cols: number; rows: number }): void
  /** What a keyboard or a terminal would send, as it is. */
  send(bytes: string): void
  kill(signal: NodeJS.Signals): void
  /** Resolves when the program has ended and all it wrote was read. */
  readonly ended: Promise<{ exitCode: number; signal: number | undefined }>
  modes(): Modes
  /** What the window is called. */
  title(): string
  /** What it was made to draw in pixels. */
  readonly graphics: SeenGraphics
  /** What of the terminal is not as it was found; empty when all is. Ask after `ended`. */
  leftovers(): string[]
  /** Everything the program has written so far. */
  output(): string
  /** Ends program and emulator, whatever their state. */
  close(): Promise<void>
}

export interface Modes {
  isAlternateScreen: boolean
  isCursorHidden: boolean
  mouse: string
  isBracketedPaste: boolean
  isFocusReported: boolean
  isWrapping: boolean
}

export interface TestTerminalOptions {
  command: string
  args: readonly string[]
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>
  /** Default 80. */
  cols?: number
  /** Default 24. */
  rows?: number
  /** What it answers that it can draw in pixels; default nothing. */
  graphics?: GraphicsOptions
}

/** The program's number. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
const PROGRAM = /\x1b\]7777;pid;(\d+)\x07/
/** The shell's settings of the terminal, printed before and after the program: raw mode shows only there. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SETTINGS = /\x1b\]7777;(before|after);([0-9a-f:]+)\x07/g

/**
 * Starts a program in a pseudo-terminal. It runs under a shell that notes the terminal's settings before and after it, as
 * the person's own shell would find them.
 */
export function openTerminal({
  command,
  args,
  env = {},
  cols = 80,
  rows = 24,
  graphics = {},
}: TestTerminalOptions): TestTerminal {
  // Without leave for them the emulator hides these questions from graphics.ts.
  const windowOptions = { getCellSizePixels: true, getWinSizePixels: true, pushTitle: true, popTitle: true }
  const emulator = new headless.Terminal({
    ...{ cols, rows, windowOptions },
    scrollback: 1000,
    allowProposedApi: true,
  })
  emulator.loadAddon(new unicode11.Unicode11Addon())
  emulator.unicode.activeVersion = '11'
  const seen = { cursorHidden: false, title: '' }
  emulator.onTitleChange(title => {
    seen.title = title
  })
  for (const [final, hidden] of [['h', false] as const, ['l', true] as const]) {
    emulator.parser.registerCsiHandler({ prefix: '?', final }, parameters => {
      if (parameters.includes(25)) seen.cursorHidden = hidden
      return false
    })
  }
  const note = (when: string) => `printf '\\033]7777;${when};%s\\007' "$(stty -g)"`
  // A shell of its own becomes the program, so that its number is the program's.
  const become = `sh -c 'printf "\\033]7777;pid;%s\\007" $$; exec "$@"' sh "$@"`
  const script = `${note('before')}; ${become}; code=$?; ${note('after')}; exit $code`
  const environment = {
    ...process.env,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    NO_COLOR: undefined,
    ...{ LC_ALL: 'C.UTF-8', LC_CTYPE: undefined, LANG: undefined },
    ...env,
  }
  const pty = spawnPty('/bin/sh', ['-c', script, 'sh', command, ...args], {
    cols,
    rows,
    name: environment.TERM ?? 'xterm-256color',
    env: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  })
  let output = ''
  let unparsed = 0
  let hasExited = false
  const seenGraphics = attachGraphics(emulator, graphics, answer => {
    if (!hasExited) pty.write(answer)
  })
  pty.onData(data => {
    output += data
    seenGraphics.kitty.feed(data)
    unparsed++
    emulator.write(data, () => {
      unparsed--
    })
  })
  // The emulator answers what a terminal is asked.
  emulator.onData(answer => {
    if (!hasExited) pty.write(answer)
  })
  const ended = new Promise<{ exitCode: number; signal: number | undefined }>(resolve => {
    pty.onExit(({ exitCode, signal }) => {
      hasExited = true
      void waitFor(() => unparsed === 0, { what: 'the emulator' }).then(() => resolve({ exitCode, signal }))
    })
  })

  const screen = () =>
    Array.from({ length: emulator.rows }, (_, y) => {
      const { baseY } = emulator.buffer.active
      return (
        emulator.buffer.active
          .getLine(baseY + y)
          ?.translateToString(true)
          .trimEnd() ?? ''
      )
    })

  async function waitForScreen(is: (screen: string[]) => boolean, what: string, timeoutMs = 20_000) {
    try {
      return await waitFor(
        () => {
          const rowsNow = screen()
          return is(rowsNow) ? rowsNow : undefined
        },
        { what, timeoutMs },
      )
    } catch (error) {
      throw new Error(`Cannot find ${what} on the screen:\n${screen().join('\n')}`, { cause: error })
    }
  }

  const modes = (): Modes => ({
    isAlternateScreen: emulator.buffer.active.type === 'alternate',
    isCursorHidden: seen.cursorHidden,
    mouse: emulator.modes.mouseTrackingMode,
    isBracketedPaste: emulator.modes.bracketedPasteMode,
    isFocusReported: emulator.modes.sendFocusMode,
    isWrapping: emulator.modes.wraparoundMode,
  })

  /** Signals the program, not the shell around it: that has to note the settings afterwards. */
  function signal(name: NodeJS.Signals): void {
    const [, pid] = PROGRAM.exec(output) ?? []
    if (pid === undefined) pty.kill(name)
    else process.kill(Number(pid), name)
  }

  const send = (bytes: string) => pty.write(bytes)

  return {
    pid: pty.pid,
    ended,
    screen,
    modes,
    title: () => seen.title,
    graphics: seenGraphics,
    send,
    waitForScreen,
    waitForText(text, timeoutMs) {
      const is = (rowsNow: string[]) =>
        typeof text === 'string' ? rowsNow.some(row => row.includes(text)) : text.test(rowsNow.join('\n'))
      return waitForScreen(is, String(text), timeoutMs)
    },
    cells: () => readCells(emulator),
    cursor: () => ({ x: emulator.buffer.active.cursorX, y: emulator.buffer.active.cursorY }),
    type: send,
    key: name => send(KEYS[name]),
    paste: text =>
      send(emulator.modes.bracketedPasteMode ? `\x1b[200~${text}\x1b[201~` : text.replaceAll('\n', '\r')),
    wheel: direction => send(`\x1b[<${direction === 'up' ? 64 : 65};30;5M`),
    resize(size) {
      emulator.resize(size.cols, size.rows)
      pty.resize(size.cols, size.rows)
    },
    kill: signal,
    leftovers() {
      const now = modes()
      const settings = Object.fromEntries(
        [...output.matchAll(SETTINGS)].map(([, when, value]) => [when, value]),
      )
      return [
        now.isAlternateScreen && 'alternate screen',
        now.isCursorHidden && 'hidden cursor',
        now.mouse !== 'none' && `mouse (${now.mouse})`,
        now.isBracketedPaste && 'bracketed paste',
        now.isFocusReported && 'focus reports',
        !now.isWrapping && 'no line wrap',
        settings.after === undefined && 'the program has not ended',
        seen.title !== '' && `the title ${seen.title}`,
        settings.after !== settings.before && `settings ${settings.before} -> ${settings.after}`,
      ].filter(left => left !== false)
    },
    output: () => output,
    async close() {
      if (!hasExited) {
        try {
          signal('SIGKILL')
        } catch {
          // It ended just now; the shell is about to.
        }
        await ended
      }
      emulator.dispose()
    },
  }
}

function readCells(emulator: InstanceType<typeof headless.Terminal>): CellLook[][] {
  const { active } = emulator.buffer
  return Array.from({ length: emulator.rows }, (_, y) => {
    const line = active.getLine(active.baseY + y)
    return Array.from({ length: emulator.cols }, (_unused, x) => {
      const cell = line?.getCell(x)
      return {
        text: cell?.getChars() ?? '',
        width: cell?.getWidth() ?? 1,
        color: !cell || cell.isFgDefault() ? null : colorOf(cell.getFgColor(), cell.isFgRGB()),
        background: !cell || cell.isBgDefault() ? null : colorOf(cell.getBgColor(), cell.isBgRGB()),
        isBold: Boolean(cell?.isBold()),
        isFaint: Boolean(cell?.isDim()),
        isUnderlined: Boolean(cell?.isUnderline()),
        isInverse: Boolean(cell?.isInverse()),
      }
    })
  })
}

function colorOf(color: number, isRgb: boolean): number | string {
  return isRgb ? `#${color.toString(16).padStart(6, '0')}` : color
}
