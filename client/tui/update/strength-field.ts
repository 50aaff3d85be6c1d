import { limits } from '../../../schema/limits.ts'
import type { Form, JudgedPassword, StartScreen } from '../model.ts'
import type { Next } from '../msg.ts'
import type { Make } from './start.ts'

/** Has the new password judged, unless an answer is awaited or it was judged already. */
export function askStrength(next: Make, start: StartScreen): Next {
  const { form, mode } = start
  const { text } = form.password
  if (mode === 'log-in' || form.isJudging) return next(start)
  if (text === '')
    return next(form.strength === null ? start : { ...start, form: { ...form, strength: null } })
  if (form.strength?.password === text) return next(start)
  return next(
    { ...start, form: { ...form, isJudging: true } },
    { type: 'judge-password', password: text, userId: form.userId.text },
  )
}

/** Takes an answer; what was typed meanwhile is asked for. After none (null) nothing is, until something is typed. */
export function judged(next: Make, start: StartScreen, strength: JudgedPassword | null): Next {
  const known: StartScreen = { ...start, form: { ...start.form, isJudging: false, strength } }
  return strength === null ? next(known) : askStrength(next, known)
}

/** Why the password as it stands is refused, as far as it is known; null: nothing is wrong. */
export function weaknessOf({ strength, password }: Form): string | null {
  if (strength?.password !== password.text || strength.score >= limits.minPasswordScore) return null
  return strength.hint === '' ? 'too easy to guess' : strength.hint
}
