import type { Input } from './input/keys.ts'
import type { Size } from './model.ts'
import { openTerminal, type Terminal, type TerminalOptions } from './terminal.ts'
import type { Grid } from './view/canvas.ts'
import { type Caption, captionRows, textRows, withCaption } from './view/caption.ts'

/** Shows the chat to the person at the terminal: it presses the keys, and says below the screen what they do. */
export interface Guide {
  /** Begins once the first screen is there; the chat ends when it resolves, and fails with what it throws. */
  show(stage: Stage): Promise<void>
  /** Gets the person's own keys, in the chat's place. */
  onInput(input: Input): void
}

/** The chat, as a guide has it. */
export interface Stage {
  /** What the chat takes for the person's. */
  press(input: Input): void
  /** Says something in the rows below the chat, which are kept free for it. */
  caption(caption: Caption): void
  /** The chat's screen: its rows without blanks at their ends. */
  rows(): string[]
  /** Of the whole terminal. */
  size(): Size
  /** Calls `listener` whenever the screen has changed. Returns what ends it. */
  onChange(listener: () => void): () => void
}

/**
 * Takes this process's terminal for a chat that is shown by a guide: the chat has a smaller one, with the guide's words
 * below it.
 *
 * @throws FastChatError `no_terminal`
 */
export function openGuided(
  guide: Guide,
  options: TerminalOptions,
): { terminal: Terminal; show: () => Promise<void> } {
  let shown: Grid | null = null
  let caption: Caption = { text: '', hint: '' }
  const listeners = new Set<() => void>()
  const chatSize = ({ cols, rows }: Size): Size => ({ cols, rows: Math.max(1, rows - captionRows) })
  const terminal = openTerminal({
    ...options,
    onInput(input) {
      // Whether somebody looks is for the chat to know, whoever presses its keys.
      if (input.type === 'focus') options.onInput(input)
      else guide.onInput(input)
    },
    onResize: size => options.onResize(chatSize(size)),
  })

  function draw(): void {
    if (shown) terminal.draw(withCaption(shown, caption))
  }

  const stage: Stage = {
    press: options.onInput,
    caption(next) {
      caption = next
      draw()
    },
    rows: () => (shown ? textRows(shown) : []),
    size: terminal.size,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  return {
    terminal: {
      ...terminal,
      size: () => chatSize(terminal.size()),
      draw(grid) {
        shown = grid
        draw()
        for (const listener of listeners) listener()
      },
    },
    show: () => guide.show(stage),
  }
}
