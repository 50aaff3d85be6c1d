import unicode11 from '@xterm/addon-unicode11'
import headless from '@xterm/headless'

/** A terminal's screen, for what must be seen as a terminal sees it. */
export interface Emulator {
  write(bytes: string): Promise<void>
  /** The text of every cell of a row; the second half of a wide one is empty, a blank is ' '. */
  row(y: number): string[]
  cursor(): { x: number; y: number }
  /** Whatever was done beside the cells: title, bell, answers to the program, another screen, a scrolled one, modes. */
  effects(): string[]
  /** The width that the emulator gave to the first cell of each of the last `count` lines above the cursor's. */
  firstWidths(count: number): number[]
}

/** Two generations of terminals: one with the widths of Unicode 6, as old ones have, one with those of Unicode 11. */
export const WIDTHS_OF = ['6', '11'] as const

export function createEmulator({
  cols,
  rows,
  widthsOf,
  scrollback = 0,
}: {
  cols: number
  rows: number
  widthsOf: (typeof WIDTHS_OF)[number]
  scrollback?: number
}): Emulator {
  const terminal = new headless.Terminal({ cols, rows, scrollback, allowProposedApi: true })
  terminal.loadAddon(new unicode11.Unicode11Addon())
  terminal.unicode.activeVersion = widthsOf
  const effects: string[] = []
  terminal.onTitleChange(title => void effects.push(`title ${title}`))
  terminal.onBell(() => void effects.push('bell'))
  terminal.onData(data => void effects.push(`answer ${JSON.stringify(data)}`))
  terminal.onBinary(data => void effects.push(`answer ${JSON.stringify(data)}`))
  terminal.onScroll(() => void effects.push('scrolled'))
  terminal.onLineFeed(() => void effects.push('line feed'))
  terminal.onResize(() => void effects.push('resized'))
  terminal.buffer.onBufferChange(() => void effects.push('another screen'))
  const modesAtFirst = JSON.stringify(terminal.modes)
  const cellsOf = (y: number) => {
    const line = terminal.buffer.active.getLine(terminal.buffer.active.baseY + y)
    return Array.from({ length: cols }, (_, x) => line?.getCell(x))
  }
  return {
    write: bytes => new Promise(resolve => terminal.write(bytes, resolve)),
    row: y => cellsOf(y).map(cell => (cell?.getWidth() === 0 ? '' : cell?.getChars() || ' ')),
    cursor: () => ({ x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY }),
    effects() {
      const modes = JSON.stringify({ ...terminal.modes, wraparoundMode: true })
      return modes === modesAtFirst ? effects : [...effects, `modes ${modes}`]
    },
    firstWidths(count) {
      const { active } = terminal.buffer
      const last = active.baseY + active.cursorY
      return Array.from(
        { length: count },
        (_, index) =>
          active
            .getLine(last - count + index)
            ?.getCell(0)
            ?.getWidth() ?? 0,
      )
    },
  }
}
