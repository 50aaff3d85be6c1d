import { asciiText, showsUtf8 } from './ascii.ts'
import { sanitizeLine } from './sanitize.ts'
import type { TerminalEnv } from './theme.ts'

/** The sequences that a terminal is told something with beside its screen. None of them has any effect where it is not known. */
export interface News {
  /** Written once the terminal is taken, and once it is given back. */
  enter: string
  leave: string
  title(text: string): string
  notify(news: { how: 'bell' | 'desktop'; text: string }): string
}

const BELL = '\x07'
/** String Terminator: unlike the bell it ends a sequence without a sound where the sequence is not known. */
const ST = '\x1b\\'

/**
 * For a terminal: the title by OSC 2 and xterm's stack of titles (CSI 22 t, CSI 23 t), notifications by OSC 777 (urxvt, foot) or
 * OSC 9 (iTerm2 and most others). Within tmux or screen, which pass neither on, by the bell.
 */
export function newsFor(env: TerminalEnv): News {
  const term = env.TERM ?? ''
  const isDumb = /^(dumb|linux|vt\d+.*|cons.*)$/.test(term)
  const isInside = env.TMUX !== undefined || /^(screen|tmux)/.test(term)
  const isUtf8 = showsUtf8(env)
  const plain = (text: string) => {
    const clean = sanitizeLine(text)
    return (isUtf8 ? clean : asciiText(clean)).replace(/[;\p{Cc}]/gu, ' ')
  }
  return {
    enter: isDumb ? '' : '\x1b[22;2t',
    leave: isDumb ? '' : '\x1b[23;2t',
    title: text => (isDumb ? '' : `\x1b]2;${plain(text)}${ST}`),
    notify({ how, text }) {
      if (how === 'bell' || isDumb || isInside) return BELL
      return /rxvt|foot/.test(term)
        ? `\x1b]777;notify;fastchat;${plain(text)}${ST}`
        : `\x1b]9;fastchat: ${plain(text)}${ST}`
    },
  }
}
