import * as v from 'valibot'
import { normalizeUserId, UserId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import { readRecoveryCode } from '../../core/recovery-code.ts'
import { actionOf } from '../keymap.ts'
import {
  choicesOf,
  emptyForm,
  type FieldName,
  type Form,
  fieldsOf,
  type Model,
  type StartScreen,
} from '../model.ts'
import type { Command, Failure, Msg, Next } from '../msg.ts'
import { EMPTY_FIELD, edit, insert, type TextField } from '../text-field.ts'
import { hold, isAhead } from './ahead.ts'
import { isEdit } from './edits.ts'
import { isServerAddress, measureTyped, withMeasure, withServer } from './server-field.ts'
import { askStrength, judged, weaknessOf } from './strength-field.ts'

/** The start screen: who are you, and the forms to sign up and to log in. */
export function updateStart(model: Model, start: StartScreen, msg: Msg): Next {
  const next = (screen: StartScreen, ...commands: Command[]): Next => ({
    model: { ...model, screen },
    commands,
  })
  switch (msg.type) {
    case 'accounts':
      return typeAhead(model, accountsKnown(next, start, { ...msg, model }))
    case 'chat-refused':
      return next({ ...refused(start, msg.failure), ahead: [] })
    case 'failed':
      return next({ ...start, reason: msg.failure.message })
    case 'server-measured':
      return next({ ...start, servers: withMeasure(start.servers, msg) })
    case 'password-judged':
      return judged(next, start, msg.judged)
    case 'key':
      return press(next, start, { key: msg.key, model })
    case 'text':
      return isAhead(start) ? next(hold(start, msg)) : typed(next, start, msg.text)
    case 'paste':
      if (isAhead(start)) return next(hold(start, msg))
      // A line break at the end of what was copied is no part of a name or password, nor does it send the form.
      return typed(next, start, msg.text.replace(/[\r\n]+$/, ''))
    default:
      return next(start)
  }
}

/** Does what was typed before the accounts were known, unless it belongs to the chat that is being opened. */
function typeAhead(model: Model, known: Next): Next {
  const { screen } = known.model
  if (screen.type !== 'start' || isAhead(screen)) return known
  let done: Next = { ...known, model: { ...model, screen: { ...screen, ahead: [] } } }
  for (const input of screen.ahead) {
    if (done.model.screen.type !== 'start') break
    const step = updateStart(done.model, done.model.screen, input)
    done = { model: step.model, commands: [...done.commands, ...step.commands] }
  }
  return done
}

export type Make = (screen: StartScreen, ...commands: Command[]) => Next

function accountsKnown(
  next: Make,
  start: StartScreen,
  { accounts, as, model }: Extract<Msg, { type: 'accounts' }> & { model: Model },
): Next {
  const wanted = start.lastUser ?? as
  const index = accounts.findIndex(({ userId }) => userId === wanted)
  const known = { ...start, accounts, selected: Math.max(0, index) }
  // Who was here before and no longer is decides anew: two programs that replace each other would never stop.
  if (as === undefined || start.reason !== null) return next(known)
  if (accounts[index]?.loggedIn) return open(known, next, as)
  return enter(next, known, { mode: 'log-in', userId: as, model })
}

function open(start: StartScreen, next: Make, userId: string): Next {
  return next({ ...start, busy: `opening ${userId}`, reason: null }, { type: 'resume', userId })
}

/** Shows a form, and has the servers measured whose distance stands there. */
function enter(
  next: Make,
  start: StartScreen,
  { mode, userId, model }: { mode: Exclude<StartScreen['mode'], 'pick'>; userId?: string; model: Model },
): Next {
  const known = start.servers.length > 0 ? start.servers : model.servers.map(url => ({ url }))
  return next(
    { ...start, mode, reason: null, form: emptyForm(userId), servers: known },
    { type: 'measure-servers' },
  )
}

function press(next: Make, start: StartScreen, { key, model }: { key: string; model: Model }): Next {
  const action = actionOf(model.keymap, key)
  if (action === 'interrupt' || action === 'quit') return next(start, { type: 'quit' })
  if (action === 'redraw') return next(start, { type: 'redraw' })
  if (action === 'suspend') return next(start, { type: 'suspend' })
  if (isAhead(start)) return next(hold(start, { type: 'key', key }))
  if (start.busy !== null) return next(start)
  return start.mode === 'pick'
    ? pressInChoices(next, start, { key, model })
    : pressInForm(next, start, { key, model })
}

function pressInChoices(next: Make, start: StartScreen, { key, model }: { key: string; model: Model }): Next {
  const choices = choicesOf(start)
  const step = { up: -1, down: 1, 'shift-tab': -1, tab: 1, 'ctrl-p': -1, 'ctrl-n': 1 }[key]
  if (step !== undefined) {
    return next({ ...start, selected: (start.selected + step + choices.length) % choices.length })
  }
  const choice = key === 'enter' && start.accounts ? choices[start.selected] : undefined
  switch (choice?.type) {
    case undefined:
      return next(start)
    case 'account':
      if (choice.account.loggedIn) return open(start, next, choice.account.userId)
      return enter(next, start, { mode: 'log-in', userId: choice.account.userId, model })
    case 'sign-up':
    case 'log-in':
    case 'recover':
      return enter(next, start, { mode: choice.type, model })
    case 'quit':
      return next(start, { type: 'quit' })
    default:
      return choice satisfies never
  }
}

function pressInForm(next: Make, start: StartScreen, { key, model }: { key: string; model: Model }): Next {
  const { form } = start
  const fields = fieldsOf(start)
  const at = fields.indexOf(form.focus)
  const focus = (index: number): StartScreen => {
    const name = fields[(index + fields.length) % fields.length]
    return name === undefined ? start : { ...start, form: { ...form, focus: name } }
  }
  const go = (index: number): Next => next(focus(index), ...measureTyped(start))
  if (key === 'escape') return next({ ...start, mode: 'pick', form: emptyForm() })
  if (form.focus === 'server' && (key === 'down' || key === 'up')) {
    return next(withServer(start, key === 'down' ? 1 : -1))
  }
  if (key === 'tab' || key === 'down') return go(at + 1)
  if (key === 'shift-tab' || key === 'up') return go(at - 1)
  if (key === 'enter') return at < fields.length - 1 ? go(at + 1) : submit(next, start)
  const action = actionOf(model.keymap, key)
  return action !== undefined && isEdit(action)
    ? askStrength(
        next,
        changed(start, field => edit(field, action)),
      )
    : next(start)
}

function typed(next: Make, start: StartScreen, text: string): Next {
  if (start.mode === 'pick' || start.busy !== null) return next(start)
  // A field is one line.
  return askStrength(
    next,
    changed(start, field => insert(field, text.replace(/[\r\n]+/g, ' '))),
  )
}

/** Changes the field that has the focus; what was wrong with it is no longer known to be. */
function changed(start: StartScreen, change: (field: TextField) => TextField): StartScreen {
  const { form } = start
  const before = form[form.focus]
  const after = change(before)
  if (after === before) return start
  const { [form.focus]: _, form: __, ...errors } = form.errors
  return { ...start, form: { ...form, [form.focus]: after, errors } }
}

const BUSY = {
  'sign-up': 'making your keys',
  'log-in': 'opening your account',
  recover: 'setting the new password',
} as const

function submit(next: Make, start: StartScreen): Next {
  const { form, mode } = start
  if (mode === 'pick') return next(start)
  // Of a new password: at sign-up, and with a recovery code.
  const isNew = mode !== 'log-in'
  const userId = normalizeUserId(form.userId.text)
  const server = form.server.text.trim()
  const errors = check(start, { userId, isNew })
  const wrong = fieldsOf(start).find(name => errors[name] !== undefined)
  if (wrong !== undefined) return next({ ...start, form: { ...form, errors, focus: wrong } })
  return next(
    {
      ...start,
      reason: null,
      busy: BUSY[mode],
      form: { ...form, errors: {} },
    },
    {
      ...(mode === 'recover' ? { type: mode, code: form.code.text } : { type: mode }),
      userId,
      password: form.password.text,
      ...(server === '' ? {} : { server }),
    },
  )
}

function check(
  { form, mode }: StartScreen,
  { userId, isNew }: { userId: string; isNew: boolean },
): Form['errors'] {
  const errors: Form['errors'] = {}
  const server = form.server.text.trim()
  if (server !== '' && !isServerAddress(server)) errors.server = 'a server is wss://host[:port]'
  const id = v.safeParse(UserId, userId)
  if (!id.success) errors.userId = id.issues[0].message
  if (mode === 'recover') Object.assign(errors, checkCode(form.code.text))
  if (form.password.text === '') errors.password = 'the password is missing'
  if (!isNew) return errors
  const { length } = new TextEncoder().encode(form.password.text)
  if (length < limits.minPasswordBytes) errors.password = `at least ${limits.minPasswordBytes} characters`
  else if (length > limits.maxPasswordBytes) errors.password = 'too long'
  else if (weaknessOf(form) !== null) errors.password = weaknessOf(form) ?? ''
  else if (form.repeat.text !== form.password.text) errors.repeat = 'not the same as above'
  return errors
}

function checkCode(typed: string): Form['errors'] {
  if (typed.trim() === '') return { code: 'the recovery code is missing' }
  try {
    readRecoveryCode(typed)
    return {}
  } catch (error) {
    return { code: (error as Error).message.replace(/^.*: /, '') }
  }
}

/** Puts an error beside the field that it is about. */
function refused(start: StartScreen, { code, message }: Failure): StartScreen {
  if (start.mode === 'pick') return refusedToResume(start, { code, message })
  const isCodeRefused = start.mode === 'recover' && code === 'login_refused'
  const where = isCodeRefused ? 'code' : fieldOfError(code)
  const form: Form = {
    ...start.form,
    errors: { [where]: message },
    // What is about no field is tried again with Enter, which goes on from the last one only.
    focus: where === 'form' ? lastField(start) : where,
  }
  // A refused password is typed anew.
  if (code === 'login_refused' && !isCodeRefused) form.password = EMPTY_FIELD
  return { ...start, busy: null, form }
}

function lastField(start: StartScreen): FieldName {
  return fieldsOf(start).at(-1) ?? 'password'
}

/** The account that was open a moment ago wants its password now. */
function refusedToResume(start: StartScreen, { code, message }: Failure): StartScreen {
  const choice = choicesOf(start)[start.selected]
  if (code !== 'not_logged_in' || choice?.type !== 'account') return { ...start, busy: null, reason: message }
  return { ...start, busy: null, mode: 'log-in', form: emptyForm(choice.account.userId) }
}

function fieldOfError(code: string): FieldName | 'form' {
  switch (code) {
    case 'user_exists':
    case 'usage':
    case 'unknown_user':
      return 'userId'
    case 'weak_password':
    case 'login_refused':
      return 'password'
    default:
      return 'form'
  }
}
