import type { Stage } from '../../client/tui/guide.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { Pace } from './pace.ts'

/** Below this too little of what is shown can be seen. */
export const MIN_COLS = 60
export const MIN_ROWS = 18

/** What is awaited has come by then: it all happens on this machine. */
const LOOK_MS = 30_000
const LETTER_MS = 45
const KEY_MS = 350
/** What is said stands alone for so long: the time to read it. */
const SAY_MS = 700
const SAY_LETTER_MS = 38

/** What somebody does who shows the chat. Each is at a person's pace, and rejects once the person has left. */
export interface Tour {
  /** Says below the chat what comes. */
  says(text: string): Promise<void>
  types(text: string): Promise<void>
  /** Keys by their names, as input/keys.ts has them; a single letter is typed. */
  presses(...keys: string[]): Promise<void>
  /** Types a line, and sends it. */
  enters(line: string): Promise<void>
  /** Waits until something is on the screen; a text also where it is broken into lines. @throws FastChatError `internal` when it does not come */
  sees(text: string | RegExp): Promise<void>
  /** Lets the person look, for ms of a person's time. */
  looks(ms?: number): Promise<void>
  togglePause(): void
}

export function createTour({ stage, pace, signal }: { stage: Stage; pace: Pace; signal: AbortSignal }): Tour {
  let said = ''

  function caption(): void {
    const isSmall = isTooSmall()
    const hint = pace.isPaused ? 'paused: Space goes on, q leaves' : 'Space pauses, q leaves'
    stage.caption({ text: isSmall ? 'Make the window larger, and the tour goes on.' : said, hint })
  }

  function isTooSmall(): boolean {
    const { cols, rows } = stage.size()
    return cols < MIN_COLS || rows < MIN_ROWS
  }

  /** Not a letter is typed where nobody could see it. */
  async function rest(ms: number): Promise<void> {
    await pace.rest(ms)
    if (!isTooSmall()) return
    caption()
    while (isTooSmall()) await pace.rest(KEY_MS)
    caption()
  }

  async function types(text: string): Promise<void> {
    for (const { segment } of new Intl.Segmenter().segment(text)) {
      await rest(LETTER_MS)
      stage.press({ type: 'text', text: segment })
    }
  }

  async function presses(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await rest(KEY_MS)
      stage.press([...key].length === 1 ? { type: 'text', text: key } : { type: 'key', key })
    }
  }

  async function sees(text: string | RegExp): Promise<void> {
    const pattern = typeof text === 'string' ? wherever(text) : text
    const is = () => pattern.test(stage.rows().join('\n'))
    let leftMs = LOOK_MS
    let before = performance.now()
    while (!is()) {
      await nextChange(stage, signal)
      await rest(0)
      const now = performance.now()
      // A window that is too small shows nothing, for as long as it is.
      if (!isTooSmall() && !pace.isPaused) leftMs -= now - before
      before = now
      if (leftMs > 0) continue
      throw new FastChatError(
        'internal',
        `Cannot go on with the tour: ${text} did not come; please report it`,
      )
    }
  }

  return {
    types,
    presses,
    sees,
    async says(text) {
      said = text
      caption()
      await rest(SAY_MS + SAY_LETTER_MS * text.length)
    },
    async enters(line) {
      await types(line)
      await presses('enter')
    },
    looks: (ms = 1500) => rest(ms),
    togglePause() {
      pace.toggle()
      caption()
    },
  }
}

/** Finds a text in any line, or over several beside the list. */
function wherever(text: string): RegExp {
  const words = text.split(' ').map(word => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(words.join('[\\s┆]+'))
}

const CHECK_MS = 500

/** Resolves at the next change of the screen, and after half a second anyway. */
function nextChange(stage: Stage, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, CHECK_MS)
    const forget = stage.onChange(done)
    signal.addEventListener('abort', fail)
    if (signal.aborted) fail()
    function clear(): void {
      clearTimeout(timer)
      forget()
      signal.removeEventListener('abort', fail)
    }
    function done(): void {
      clear()
      resolve()
    }
    function fail(): void {
      clear()
      reject(signal.reason)
    }
  })
}
