import { writeSync } from 'node:fs'
import terminalKit from 'terminal-kit'
import { FastChatError } from '../../schema/errors.ts'
import { asciiGrid, createTranscoder, showsUtf8 } from './ascii.ts'
import { sgrOfColors, shadeOf } from './colors.ts'
import { drawChanges, type Pen, sgr } from './draw.ts'
import { createGraphics } from './graphics/graphics.ts'
import { withUnknown } from './graphics/placements.ts'
import { createDecoder } from './input/decoder.ts'
import type { Input } from './input/keys.ts'
import { hasJobControl } from './job-control.ts'
import type { Size } from './model.ts'
import { newsFor } from './news.ts'
import { type ColorDepth, colorDepth, lookOf, type TerminalEnv, type Theme, themes } from './theme.ts'
import { type Grid, HALF_BLOCK, type StyleName } from './view/canvas.ts'

// Long because whatever takes the terminal must be seen beside what gives it back.

/** The terminal while the program has it. */
export interface Terminal {
  size(): Size
  /** Makes the screen show a grid. When the terminal is slow, grids in between are left out. */
  draw(grid: Grid): void
  /** Forgets what is on the screen: the next `draw()` writes every cell. */
  invalidate(): void
  /** Names the window; nothing is written when it is named so already. */
  title(text: string): void
  /** Other looks for all that is drawn from now on; the next `draw()` writes every cell. */
  theme(theme: Theme): void
  /** Tells the person, who looks at something else. */
  notify(news: { how: 'bell' | 'desktop'; text: string }): void
  /** Puts a text on the clipboard, where the terminal allows it (OSC 52). */
  copy(text: string): void
  /** Gives the terminal to another program until `work` has ended, however it ends. */
  lend(work: () => Promise<void>): Promise<void>
  /** Gives the terminal back to the shell until the person says `fg`. */
  suspend(): void
  /** Leaves the terminal as it was found. Harmless when called twice. */
  restore(): void
}

export interface TerminalOptions {
  env: TerminalEnv
  /** Default: how it looks when nothing was chosen. */
  theme?: Theme
  onInput(input: Input): void
  onResize(size: Size): void
  /** The terminal went away, or its other end was closed. */
  onHangUp(): void
}

/** A lone Escape is the key when nothing has followed it for so long. */
const ESCAPE_TIMEOUT_MS = 50
/** A process that runs so long after it was to stop has been continued. */
const SUSPEND_CHECK_MS = 200

/** What terminal-kit's types leave out: `str` makes the sequences instead of writing them. */
interface Sequences {
  moveTo(x: number, y: number): string
  alternateScreenBuffer(on?: boolean): string
  hideCursor(on?: boolean): string
  mouseButton(on?: boolean): string
  mouseSGR(on?: boolean): string
  focusEvent(on?: boolean): string
  styleReset(): string
  clear(): string
}

/**
 * Takes the terminal of this process: alternate screen, raw keys, mouse wheel, bracketed paste. It is given back by
 * `restore()`, and by whatever else ends the process except SIGKILL.
 *
 * terminal-kit knows the terminal's sequences and its size; its input (it hangs on a split UTF-8 sequence and knows no paste) and
 * its string formatting (`^` and `%` in a text would be commands) are not used, nor is its ScreenBuffer (one code point
 * a cell: no emoji families, no combining marks).
 *
 * @throws FastChatError `no_terminal` when standard input or output is none.
 */
export function openTerminal(options: TerminalOptions): Terminal {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new FastChatError(
      'no_terminal',
      'Cannot open chat: standard input and output are no terminal; see fastchat send and fastchat recv',
    )
  }
  const generic = options.env.TERM ?? 'xterm'
  const kit = terminalKit.createTerminal({ stdin, stdout, generic, appId: '', appName: generic })
  const { str } = silence(kit)
  const { enterSequence, leaveSequence } = modes(str)
  const depth = colorDepth(options.env)
  const isUtf8 = showsUtf8(options.env)
  const transcode = createTranscoder(options.env)
  const graphics = createGraphics({
    env: options.env,
    hasColors: depth > 0,
    size: () => size(),
    moveTo: (x, y) => str.moveTo(x + 1, y + 1),
    write(text) {
      if (!isOpen) return false
      stdout.write(text)
      return !stdout.writableNeedDrain
    },
    onReady: redraw,
  })
  let theme: Theme = options.theme ?? themes.dark
  const makePen = (): Pen => ({ ...createPen(str, { depth, theme }), wrote: cells => graphics.wrote(cells) })
  let pen = makePen()
  const decoder = createDecoder({
    onAnswer(answer) {
      if (graphics.answer(answer)) redraw()
    },
  })
  const news = newsFor(options.env)
  let named = ''
  let isAsked = false
  let shown: Grid | null = null
  let wanted: Grid | null = null
  let isOpen = false
  let isRestored = false
  let isLent = false
  let isJob = false
  let escapeTimer: ReturnType<typeof setTimeout> | undefined

  const size = (): Size => ({
    cols: stdout.columns || kit.width || 80,
    rows: stdout.rows || kit.height || 24,
  })

  function enter(): void {
    stdin.setRawMode(true)
    stdin.resume()
    isOpen = true
    shown = null
    named = ''
    // Once: what it answers stays true. Before the screen is cleared, in case it shows a question.
    stdout.write(news.enter + enterSequence + (isAsked ? '' : graphics.questions) + str.clear())
    isAsked = true
  }

  function leave(): void {
    if (!isOpen) return
    isOpen = false
    clearTimeout(escapeTimer)
    // At once and to the end: nothing that is still queued may come after it, and the process may be about to end.
    writeWhole(stdout.fd ?? 1, graphics.leave() + leaveSequence + news.leave)
    try {
      stdin.setRawMode(false)
    } catch {
      // The terminal is gone.
    }
    stdin.pause()
  }

  function flush(): void {
    if (!isOpen || !wanted || stdout.writableNeedDrain) return
    const cursor = wanted.cursor
    const isCursorSame = shown?.cursor?.x === cursor?.x && shown?.cursor?.y === cursor?.y
    const isNew = shown === null
    const cleared = isNew ? graphics.cleared() + str.clear() : ''
    const { erase, unknown } = graphics.begin(wanted)
    const changes = drawChanges(shown && withUnknown(shown, unknown), wanted, pen) + graphics.end()
    shown = wanted
    wanted = null
    if (erase === '' && changes === '' && isCursorSame && !isNew) return
    const after = cursor ? pen.moveTo(cursor.x, cursor.y) + str.hideCursor(false) : ''
    stdout.write(str.hideCursor() + cleared + erase + changes + after)
  }

  /** The same grid once more: something else than its cells has changed. */
  function redraw(): void {
    wanted ??= shown
    flush()
  }

  function take(inputs: Input[]): void {
    for (const input of inputs) options.onInput(input)
  }

  function onData(chunk: Uint8Array | string): void {
    clearTimeout(escapeTimer)
    take(decoder.write(typeof chunk === 'string' ? Buffer.from(chunk) : transcode(chunk)))
    if (decoder.isPending()) escapeTimer = setTimeout(() => take(decoder.flush()), ESCAPE_TIMEOUT_MS)
  }

  function onResized(): void {
    shown = null
    if (isOpen) stdout.write(graphics.sizeQuestions)
    options.onResize(size())
  }

  /** Somebody else's `kill -TSTP`: the shell is to find the terminal as it was, as after Ctrl-Z. */
  function onStopSignal(): void {
    stopHere(process.pid)
  }

  function listenToStops(): void {
    if (!isJob) return
    process.off('SIGTSTP', onStopSignal)
    process.on('SIGTSTP', onStopSignal)
  }

  /** Stops a process, or with 0 the whole group, as the signal does that nobody listens to. */
  function stopHere(pid: number): void {
    leave()
    process.off('SIGTSTP', onStopSignal)
    process.kill(pid, 'SIGTSTP')
    // Not stopped at all (nobody is there to say `fg`), or continued without SIGCONT being delivered.
    setTimeout(onContinued, SUSPEND_CHECK_MS)
  }

  function onContinued(): void {
    if (isRestored) return
    listenToStops()
    if (isOpen || isLent) return
    enter()
    onResized()
  }

  function onDrained(): void {
    flush()
    graphics.resume()
  }

  const onGone = () => options.onHangUp()
  stdin.on('data', onData)
  stdin.on('end', onGone)
  stdin.on('error', onGone)
  stdout.on('error', onGone)
  stdout.on('drain', onDrained)
  stdout.on('resize', onResized)
  process.on('SIGCONT', onContinued)
  // Behind the first screen, since it may take a moment to find out.
  setImmediate(() => {
    if (isRestored) return
    isJob = hasJobControl()
    listenToStops()
  })
  process.on('exit', leave)
  enter()

  return {
    size,
    draw(grid) {
      wanted = isUtf8 ? grid : asciiGrid(grid, { hasColors: depth > 0 })
      flush()
    },
    invalidate() {
      shown = null
    },
    title(text) {
      if (!isOpen || text === named) return
      named = text
      stdout.write(news.title(text))
    },
    theme(chosen) {
      theme = chosen
      pen = makePen()
      shown = null
    },
    notify(what) {
      if (isOpen) stdout.write(news.notify(what))
    },
    copy(text) {
      // Base64, so nothing of the text can end the sequence.
      if (isOpen) stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`)
    },
    async lend(work) {
      leave()
      isLent = true
      try {
        await work()
      } finally {
        isLent = false
        onContinued()
      }
    },
    suspend() {
      // The whole group: the shell waits for npm, or whatever has started this process.
      stopHere(0)
    },
    restore() {
      isRestored = true
      leave()
      stdin.off('data', onData)
      stdin.off('end', onGone)
      stdout.off('drain', onDrained)
      stdout.off('resize', onResized)
      process.off('SIGCONT', onContinued)
      process.off('SIGTSTP', onStopSignal)
      process.off('exit', leave)
    },
  }
}

/** What is put on, and the same taken back, whatever of it the terminal has understood. */
function modes(str: Sequences): { enterSequence: string; leaveSequence: string } {
  // terminal-kit has no bracketed paste, and no switch for wrapping behind the last cell.
  const noWrapAndPaste = '\x1b[?7l\x1b[?2004h'
  const wrapAndNoPaste = '\x1b[?2004l\x1b[?7h'
  return {
    enterSequence:
      str.alternateScreenBuffer() +
      noWrapAndPaste +
      str.mouseButton() +
      str.mouseSGR() +
      str.focusEvent() +
      str.hideCursor() +
      str.styleReset(),
    leaveSequence:
      str.styleReset() +
      str.focusEvent(false) +
      str.mouseSGR(false) +
      str.mouseButton(false) +
      wrapAndNoPaste +
      str.hideCursor(false) +
      str.alternateScreenBuffer(false),
  }
}

/** Its own handler of the process's end would write after ours, when the terminal is somebody else's again. */
function silence(kit: ReturnType<typeof terminalKit.createTerminal>): { str: Sequences } {
  return Object.assign(kit as unknown as { str: Sequences }, { shutdown: true })
}

function createPen(str: Sequences, { depth, theme }: { depth: ColorDepth; theme: Theme }): Pen {
  const styles = new Map<StyleName, string>()
  return {
    moveTo: (x, y) => str.moveTo(x + 1, y + 1),
    style(style, before) {
      if (typeof style === 'object') {
        return sgrOfColors(style, depth, typeof before === 'object' && before ? before : undefined)
      }
      const sequence = styles.get(style) ?? sgr(lookOf(style, depth, theme), depth)
      styles.set(style, sequence)
      return sequence
    },
    glyph: ({ text, style }) =>
      depth === 0 && typeof style === 'object' && text === HALF_BLOCK ? shadeOf(style) : text,
  }
}

/** Writes to a terminal that may be set not to block. */
function writeWhole(fd: number, text: string): void {
  let rest = Buffer.from(text)
  for (let tries = 0; rest.length > 0 && tries < 1000; tries++) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
    }
  }
}
