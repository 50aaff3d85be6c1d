/** What comes from the keyboard, the mouse and the window. */
export type Input =
  /** A key by its name: modifiers in the order ctrl, alt, shift, then `a`, `enter`, `page-up`, `f1` … */
  | { type: 'key'; key: string }
  /** Characters that were typed, one or (held key, fast typist) several. */
  | { type: 'text'; text: string }
  /** What was pasted: never a key, whatever is in it. */
  | { type: 'paste'; text: string }
  /** The mouse; cells from 0. */
  | { type: 'mouse'; what: 'press' | 'wheel-up' | 'wheel-down'; x: number; y: number }
  | { type: 'focus'; isFocused: boolean }

const BY_FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'clear',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  Z: 'tab',
}

const BY_NUMBER: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
}

const BY_CODE: Readonly<Record<number, string>> = {
  9: 'tab',
  13: 'enter',
  27: 'escape',
  32: 'space',
  127: 'backspace',
}

/** A control character: Ctrl with a letter, and those that have keys of their own. */
export function controlKey(code: number): string {
  switch (code) {
    case 0x00:
      return 'ctrl-space'
    case 0x09:
      return 'tab'
    case 0x0d:
      return 'enter'
    case 0x1b:
      return 'escape'
    case 0x7f:
      return 'backspace'
    default:
      return `ctrl-${code < 0x1b ? String.fromCharCode(code + 0x60) : String.fromCharCode(code + 0x40)}`
  }
}

/** A key with Alt. */
export function altKey(key: string): string {
  if (key.includes('alt-')) return key
  return key.startsWith('ctrl-') ? `ctrl-alt-${key.slice(5)}` : `alt-${key}`
}

/**
 * A control sequence of the keyboard or the mouse: xterm's, VT220's and rxvt's keys, fixterms' `CSI u`, SGR mouse, focus.
 *
 * @param parameters what stands between `CSI` and the final byte
 * @returns null for what is none, or is of no interest
 */
export function readSequence(parameters: string, final: string): Input | null {
  if (parameters.startsWith('<')) return readMouse(parameters.slice(1), final)
  if (parameters === '' && final === 'I') return { type: 'focus', isFocused: true }
  if (parameters === '' && final === 'O') return { type: 'focus', isFocused: false }
  if (!/^[\d;:]*$/.test(parameters)) return null
  const numbers = parameters.split(';').map(part => Number.parseInt(part, 10))
  const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = numbers
  switch (final) {
    case '~':
      if (first === 27) return keyOfCode(third, second)
      return named(BY_NUMBER[first], second)
    case '^':
      return named(BY_NUMBER[first], 5)
    case '$':
      return named(BY_NUMBER[first], 2)
    case 'u':
      return keyOfCode(first, second)
    case 'Z':
      return named('tab', 2)
    default:
      return named(BY_FINAL[final], second)
  }
}

/** `ESC O` and a letter: keys in application mode. */
export function readSingleShift(final: string): Input | null {
  return final === 'M' ? { type: 'key', key: 'enter' } : named(BY_FINAL[final], Number.NaN)
}

/** `CSI code ; modifiers u` and `CSI 27 ; modifiers ; code ~`: any character with modifiers. */
function keyOfCode(code: number, modifiers: number): Input | null {
  const bits = modifierBits(modifiers)
  const name = BY_CODE[code]
  if (name !== undefined) return named(name, modifiers)
  if (!(code >= 0x20 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return null
  const char = String.fromCodePoint(code)
  if ((bits & ~1) === 0) return { type: 'text', text: char }
  // Shift is in the letter already.
  return named(char.toLowerCase(), (bits & ~1) + 1)
}

function named(name: string | undefined, modifiers: number): Input | null {
  if (name === undefined) return null
  const bits = modifierBits(modifiers)
  const prefix = (bits & 4 ? 'ctrl-' : '') + (bits & 2 || bits & 8 ? 'alt-' : '') + (bits & 1 ? 'shift-' : '')
  return { type: 'key', key: prefix + name }
}

/** xterm writes them plus one: 1 Shift, 2 Alt, 4 Ctrl, 8 Meta. */
function modifierBits(modifiers: number): number {
  return modifiers >= 1 ? modifiers - 1 : 0
}

/** `CSI < button ; x ; y M` (pressed) or `m` (released). */
function readMouse(parameters: string, final: string): Input | null {
  const [button = Number.NaN, x = Number.NaN, y = Number.NaN] = parameters.split(';').map(Number)
  if (final !== 'M' || !(x >= 1) || !(y >= 1)) return null
  const at = { x: x - 1, y: y - 1 }
  // The modifiers' bits do not matter here; 32 is a motion.
  switch (button & ~0b11100) {
    case 64:
      return { type: 'mouse', what: 'wheel-up', ...at }
    case 65:
      return { type: 'mouse', what: 'wheel-down', ...at }
    case 0:
      return { type: 'mouse', what: 'press', ...at }
    default:
      return null
  }
}
