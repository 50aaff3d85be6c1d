import { FastChatError } from '../../schema/errors.ts'

/** Crockford's base 32: no I, L, O, U, which are read as or taken for others. */
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** The check symbol is one of 37: the value modulo 37. */
const CHECK_SYMBOLS = `${SYMBOLS}*~$=U`
const GROUP = 4

/** Symbols of a code without its check symbol: 130 bits. */
export const CODE_SYMBOLS = 26

/**
 * A new recovery code, as it is shown: 26 symbols and a check symbol, in groups of four.
 *
 * @param random 26 random bytes
 */
export function makeRecoveryCode(random: Uint8Array): string {
  if (random.length !== CODE_SYMBOLS)
    throw new RangeError(`Cannot make recovery code: not ${CODE_SYMBOLS} bytes`)
  const symbols = [...random].map(byte => SYMBOLS.charAt(byte % SYMBOLS.length)).join('')
  const code = symbols + checkSymbol(symbols)
  return code.replace(new RegExp(`.{${GROUP}}(?=.)`, 'g'), '$&-')
}

/**
 * The 26 symbols of a code as somebody typed it: any case, with or without hyphens and spaces, O for 0, I and L for 1.
 *
 * @throws FastChatError `usage`: another length, a letter that none has, or a check symbol that does not fit, which tells
 *   every wrong symbol and every two that were swapped
 */
export function readRecoveryCode(typed: string): string {
  const plain = typed
    .slice(0, 256)
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
  const symbols = plain.slice(0, CODE_SYMBOLS)
  if (plain.length !== CODE_SYMBOLS + 1) throw wrong(`it has ${CODE_SYMBOLS + 1} letters and digits`)
  if ([...symbols].some(symbol => !SYMBOLS.includes(symbol))) throw wrong('a letter is none of its letters')
  if (plain.charAt(CODE_SYMBOLS) !== checkSymbol(symbols)) throw wrong('there is a typing error in it')
  return symbols
}

/** What is typed to show that a code was written down: its last group. */
export function lastGroup(code: string): string {
  return code.slice(code.lastIndexOf('-') + 1)
}

function checkSymbol(symbols: string): string {
  let rest = 0
  for (const symbol of symbols)
    rest = (rest * SYMBOLS.length + SYMBOLS.indexOf(symbol)) % CHECK_SYMBOLS.length
  return CHECK_SYMBOLS.charAt(rest)
}

function wrong(state: string): FastChatError {
  return new FastChatError('usage', `Cannot read recovery code: ${state}`)
}
