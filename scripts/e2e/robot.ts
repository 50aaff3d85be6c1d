import * as assert from 'uvu/assert'
import type { KEYS } from './keys.ts'
import type { TestTerminal } from './terminal.ts'

/** As it is shown. */
export const RECOVERY_CODE = /(?:[0-9A-Z]{4}-){6}[0-9A-Z]{2}[0-9A-Z*~$=]/

const LOOK_MS = 30_000

/**
 * Somebody at a terminal, who types and looks: tests that are made of it read as prose. Whoever looks waits until what they
 * look for is there.
 */
export interface Robot {
  /** Something is on the screen. */
  sees(text: string | RegExp): Promise<void>
  /** Something is on the screen no more. */
  seesNo(text: string | RegExp): Promise<void>
  /** What the first row says: whose conversation is open, and what is known of it. */
  isIn(title: string | RegExp): Promise<void>
  /** The window is called so. */
  isCalled(title: string): Promise<void>
  /** The terminal was told something beside its screen. */
  isTold(text: string): Promise<void>
  /** Looks at another window, and comes back. */
  looksAway(): void
  looksBack(): void
  types(text: string): void
  /** Types a line and sends it. */
  says(line: string): void
  presses(...keys: (keyof typeof KEYS)[]): void
  /** The shift key with a key that has no control sequence of its own in `KEYS`. */
  selects(): void
  pastes(text: string): void
  /** Writes the new recovery code down, and shows it. */
  keepsCode(): Promise<string>
  /** Ends the program; the terminal is as it was before. */
  quits(): Promise<void>
}

export function robotAt(terminal: TestTerminal): Robot {
  const has = (rows: readonly string[], text: string | RegExp) =>
    typeof text === 'string' ? rows.some(row => row.includes(text)) : text.test(rows.join('\n'))
  const look = async (is: (rows: string[]) => boolean, what: string) => {
    await terminal.waitForScreen(is, what, LOOK_MS)
  }
  return {
    sees: text => look(rows => has(rows, text), String(text)),
    seesNo: text => look(rows => !has(rows, text), `no ${text}`),
    isIn: title => look(([first = '']) => has([first], title), `the title ${title}`),
    isCalled: title => look(() => terminal.title() === title, `the title ${title}`),
    isTold: text => look(() => terminal.output().includes(text), `the news ${text}`),
    looksAway: () => terminal.send('\x1b[O'),
    looksBack: () => terminal.send('\x1b[I'),
    types: text => terminal.type(text),
    says(line) {
      terminal.type(line)
      terminal.key('enter')
    },
    presses(...keys) {
      for (const key of keys) terminal.key(key)
    },
    selects: () => terminal.send('\x1b[1;2A'),
    pastes: text => terminal.paste(text),
    async keepsCode() {
      const rows = await terminal.waitForScreen(
        shown => RECOVERY_CODE.test(shown.join('\n')) && shown.join('\n').includes('your recovery code'),
        'a recovery code',
        LOOK_MS,
      )
      const [code = ''] = RECOVERY_CODE.exec(rows.join('\n')) ?? []
      terminal.type(code.slice(-3))
      await look(now => !has(now, 'your recovery code'), 'no recovery code')
      return code
    },
    async quits() {
      terminal.key('ctrl-q')
      assert.equal(await terminal.ended, { exitCode: 0, signal: 0 })
      assert.equal(terminal.leftovers(), [])
    },
  }
}
