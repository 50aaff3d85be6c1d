/** What a terminal says of itself when it is asked. */
export type Answer =
  /** DA1 (`CSI ? … c`): what it can do. 4 is sixel. */
  | { type: 'attributes'; hasSixel: boolean }
  /** XTWINOPS 16 (`CSI 6 ; height ; width t`) and 14 (`CSI 4 ; …`), pixels. */
  | { type: 'cell-size' | 'window-size'; width: number; height: number }
  /** XTSMGRAPHICS (`CSI ? 1 ; 0 ; count S`): sixel's colours. */
  | { type: 'colors'; count: number }
  /** The kitty graphics protocol (`APC G i = id ; OK ST`). */
  | { type: 'kitty'; id: number; isOk: boolean }

const MAX_PIXELS = 20_000

/** What a control sequence answers; null for one that answers nothing that is asked. */
export function readCsiAnswer(parameters: string, final: string): Answer | null {
  const isPrivate = parameters.startsWith('?')
  const numbers = parameters
    .slice(isPrivate ? 1 : 0)
    .split(';')
    .map(Number)
  const [first, second = 0, third = 0] = numbers
  if (isPrivate && final === 'c') return { type: 'attributes', hasSixel: numbers.slice(1).includes(4) }
  if (isPrivate && final === 'S' && first === 1 && second === 0 && third > 0) {
    return { type: 'colors', count: third }
  }
  if (isPrivate || final !== 't' || (first !== 4 && first !== 6)) return null
  const isSane = [second, third].every(value => value >= 1 && value <= MAX_PIXELS)
  if (!isSane) return null
  return { type: first === 6 ? 'cell-size' : 'window-size', width: third, height: second }
}

/** What an APC, OSC or DCS string answers. */
export function readStringAnswer(sequence: string): Answer | null {
  const [, keys = '', text] = KITTY.exec(sequence) ?? []
  const [, id] = /(?:^|,)i=(\d+)(?:,|$)/.exec(keys) ?? []
  return text === undefined || id === undefined
    ? null
    : { type: 'kitty', id: Number(id), isOk: text === 'OK' }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
const KITTY = /^\x1b_G([^;]*);([^\x07\x1b]*)(?:\x07|\x1b\\)$/
