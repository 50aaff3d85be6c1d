import { actionOf, type Keymap } from '../keymap.ts'
import type { Ahead, StartScreen } from '../model.ts'
import { isEdit } from './edits.ts'

// Typed ahead: before there was anything to type into. Loading what opens an account takes longer than a word.

/** More than a person types in the time; a cat on the keyboard is not kept for ever. */
const MAX_AHEAD = 1000

/** Whether what is typed now belongs to what comes: the accounts are not known yet, or one is being opened without a form. */
export function isAhead({ accounts, busy, mode }: StartScreen): boolean {
  return accounts === null || (busy !== null && mode === 'pick')
}

/** Keeps it. */
export function hold(start: StartScreen, input: Ahead): StartScreen {
  return start.ahead.length < MAX_AHEAD ? { ...start, ahead: [...start.ahead, input] } : start
}

/**
 * What of it goes into the composer of a chat that has opened meanwhile: texts and their corrections. Enter is a new line, since
 * nobody has seen to whom it would have been sent.
 */
export function forComposer(ahead: readonly Ahead[], keymap: Keymap): Ahead[] {
  return ahead.flatMap(input => {
    if (input.type !== 'key') return input
    const action = actionOf(keymap, input.key)
    if (action === 'send') return { type: 'paste' as const, text: '\n' }
    return action !== undefined && isEdit(action) ? input : []
  })
}
