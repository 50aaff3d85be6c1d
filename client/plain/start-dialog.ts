import { choicesOf, type Model, type StartScreen } from '../tui/model.ts'
import type { Msg } from '../tui/msg.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import type { Line } from './line-input.ts'

/** What the dialog is held with: the screen's own model, and somebody who reads and writes lines. */
export interface Conversing {
  model(): Model
  dispatch(msg: Msg): void
  /** Resolves once all that was asked for has been answered. */
  idle(): Promise<void>
  /** The start screen says something already; null: the input has ended. */
  ask(question: string): Promise<Line>
  askSecret(question: string): Promise<Line>
  say(...lines: string[]): void
  /** FASTCHAT_PASSWORD; it is tried once. */
  password?: string
}

/**
 * Signing up and logging in, question by question. They are the start screen's choices and fields, filled in one after the
 * other, so what is checked and what is refused is the same.
 *
 * @returns `opened`, `quit`, or `ended` when nothing is left to read
 */
export async function openAccount(at: Conversing): Promise<'opened' | 'quit' | 'ended'> {
  let password = at.password
  for (;;) {
    await at.idle()
    const start = startOf(at)
    if (!start) return 'opened'
    // Chosen already, by --as or by the account that was opened before: its password is all that is missing.
    const chosen = start.mode === 'pick' ? await choose(at, start) : 'chosen'
    if (chosen === 'quit' || chosen === 'ended') return chosen
    await at.idle()
    const form = startOf(at)
    if (!form || form.mode === 'pick') continue
    const filled = await fillIn(at, form, password)
    password = undefined
    if (!filled) return 'ended'
    await at.idle()
    const after = startOf(at)
    if (!after) return 'opened'
    const { errors } = after.form
    for (const error of Object.values(errors)) at.say(`! ${sanitizeLine(error)}`)
    at.dispatch({ type: 'key', key: 'escape' })
  }
}

async function choose(at: Conversing, start: StartScreen): Promise<'chosen' | 'quit' | 'ended'> {
  const choices = choicesOf(start)
  const names = (start.accounts ?? []).map(
    ({ userId, loggedIn }) => sanitizeLine(userId) + (loggedIn ? '' : ' (wants its password)'),
  )
  const accounts =
    names.length === 0 ? 'No account on this machine yet.' : `Accounts here: ${names.join(', ')}.`
  const open = names.length === 0 ? '' : 'a name opens it, '
  at.say(accounts)
  const line = await at.ask(
    `Write: ${open}new makes an account, login opens yours on this machine, recover does with a recovery code, quit.`,
  )
  if (line === null) return 'ended'
  const word = line === 'too-long' ? '' : line.text.trim().toLowerCase().replace(/^[/@]/, '')
  const type = { new: 'sign-up', signup: 'sign-up', login: 'log-in', recover: 'recover', quit: 'quit' }[word]
  const account = choices.findIndex(choice => choice.type === 'account' && choice.account.userId === word)
  const index = account >= 0 ? account : choices.findIndex(choice => choice.type === type)
  if (index < 0) {
    at.say(`! There is no ${sanitizeLine(word) || 'such'} here.`)
    return 'chosen'
  }
  if (choices[index]?.type === 'quit') return 'quit'
  const steps = (index - start.selected + choices.length) % choices.length
  for (let step = 0; step < steps; step++) at.dispatch({ type: 'key', key: 'down' })
  at.dispatch({ type: 'key', key: 'enter' })
  return 'chosen'
}

/** Fills the form in; false when the input has ended. */
async function fillIn(at: Conversing, { form, mode }: StartScreen, given?: string): Promise<boolean> {
  const isNew = mode !== 'log-in'
  const put = (line: Line): boolean => {
    if (line === null) return false
    if (line !== 'too-long') at.dispatch({ type: 'paste', text: line.text })
    return true
  }
  const toNext = () => at.dispatch({ type: 'key', key: 'tab' })
  if (form.focus === 'userId') {
    if (!put(await at.ask(mode === 'sign-up' ? 'A name for your account:' : 'Name of your account:')))
      return false
    toNext()
  }
  if (mode === 'recover') {
    if (!put(await at.askSecret('Recovery code, not shown:'))) return false
    toNext()
  }
  const password = given === undefined ? await at.askSecret('Password, not shown:') : { text: given }
  if (!put(password)) return false
  if (isNew) {
    toNext()
    const again = given === undefined ? await at.askSecret('The same again:') : { text: given }
    if (!put(again)) return false
  }
  at.dispatch({ type: 'key', key: 'enter' })
  const start = startOf(at)
  if (start && start.busy !== null) at.say(`* ${start.busy}...`)
  return true
}

function startOf(at: Conversing): StartScreen | null {
  const { screen } = at.model()
  return screen.type === 'start' ? screen : null
}
