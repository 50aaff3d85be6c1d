import { limits } from '../../../schema/limits.ts'
import {
  type Choice,
  choicesOf,
  type FieldName,
  type Form,
  fieldsOf,
  type Model,
  type StartScreen,
} from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, createCanvas, type Span, span } from './canvas.ts'
import { drawRule } from './chat.ts'
import { drawLineField } from './line-field.ts'
import { NEAREST, serverNote, serverRows } from './server-field.ts'
import { turning } from './spinner.ts'
import { serverName } from './title.ts'

type Cursor = { x: number; y: number } | null

const LABELS: Readonly<Record<FieldName, string>> = {
  server: 'Server',
  userId: 'User id',
  code: 'Code',
  password: 'Password',
  repeat: 'Again',
}
const LABEL_COLS = 10
/** A recovery code, and the cursor behind it. */
const MAX_FIELD_COLS = 34

/** Draws the start screen. Returns where the cursor is. */
export function drawStart(canvas: Canvas, model: Model, start: StartScreen): Cursor {
  const { cols, rows } = canvas.size
  drawTitle(canvas, model)
  drawRule(canvas, 1)
  drawRule(canvas, rows - 2)
  const body = canvas.part({ x: 2, y: 2, cols: cols - 4, rows: rows - 4 })
  // In a low window every line counts.
  const gap = rows >= 18 ? 1 : 0
  const y = gap + drawReason(body, start, gap)
  drawHint(canvas, start)
  if (start.mode === 'pick') {
    drawChoices(body, { start, y, gap })
    return null
  }
  // A form that is longer than the window moves up under the field that has the focus.
  const { canvas: probe } = createCanvas(body.size)
  const { focusY, lowestWanted } = drawForm(probe, { model, start, y, gap })
  const shift = Math.max(0, Math.min(focusY, lowestWanted - body.size.rows + 1))
  const { cursor } = drawForm(body, { model, start, y: y - shift, gap })
  return cursor && body.absolute(cursor)
}

function drawTitle(canvas: Canvas, { servers }: Model): void {
  const { cols } = canvas.size
  const left = canvas.put({ x: 0, y: 0 }, span(' fastchat', 'brand'))
  const [first, ...more] = servers
  if (first === undefined) return
  const text = `${serverName(first)}${more.length > 0 ? ` and ${more.length} more` : ''} `
  const x = cols - lineWidth(text)
  if (x > left + 1) canvas.put({ x, y: 0 }, span(text, 'faint'))
}

function drawReason(canvas: Canvas, { reason }: StartScreen, gap: number): number {
  if (reason === null) return 0
  const lines = wrapText(sanitizeLine(reason), canvas.size.cols)
  for (const [y, { text }] of lines.entries()) canvas.put({ x: 0, y: gap + y }, span(text, 'offline'))
  return lines.length + gap
}

function drawChoices(
  canvas: Canvas,
  { start, y, gap }: { start: StartScreen; y: number; gap: number },
): void {
  const title =
    start.accounts === null
      ? 'Looking for accounts…'
      : start.accounts.length === 0
        ? 'Welcome. There is no account on this machine yet.'
        : 'Who are you?'
  canvas.put({ x: 0, y }, span(title, 'strong'))
  if (start.accounts === null) return
  const rows = Math.max(1, canvas.size.rows - y - 1 - gap)
  const choices = choicesOf(start)
  const first = Math.max(0, Math.min(start.selected - rows + 1, choices.length - rows))
  for (const [index, choice] of choices.slice(first, first + rows).entries()) {
    const isSelected = first + index === start.selected
    const row = y + 1 + gap + index
    const { name, note } = choiceText(choice)
    canvas.put({ x: 0, y: row }, span(isSelected ? ' ▸ ' : '   ', 'brand'), span(name))
    canvas.put({ x: 3 + Math.max(20, lineWidth(name) + 2), y: row }, span(note, 'faint'))
    if (isSelected) canvas.restyle({ x: 0, y: row, cols: Math.min(canvas.size.cols, 52) }, 'selected')
  }
  if (start.accounts.length === 0) drawFirstHints(canvas, y + 2 + gap + choices.length)
}

/** For somebody who is here for the first time. */
function drawFirstHints(canvas: Canvas, y: number): void {
  for (const [index, hint] of FIRST_HINTS.entries()) canvas.put({ x: 0, y: y + index }, span(hint, 'faint'))
}

const FIRST_HINTS = [
  'Sign up takes a name and a password, nothing else: no address, no number.',
  'Then write to somebody by their name. Whoever hosts a server cannot read it.',
]

function choiceText(choice: Choice): { name: string; note: string } {
  switch (choice.type) {
    case 'account':
      return {
        name: sanitizeLine(choice.account.userId),
        note: choice.account.loggedIn ? 'open' : 'asks for the password',
      }
    case 'sign-up':
      return { name: 'Sign up', note: 'make a new account' }
    case 'log-in':
      return { name: 'Log in', note: 'to an account from elsewhere' }
    case 'recover':
      return { name: 'Recover', note: 'I have a recovery code' }
    case 'quit':
      return { name: 'Quit', note: '' }
    default:
      return choice satisfies never
  }
}

function drawForm(
  canvas: Canvas,
  { model, start, y: top, gap }: { model: Model; start: StartScreen; y: number; gap: number },
): { cursor: Cursor; focusY: number; lowestWanted: number } {
  const { form } = start
  const { cols } = canvas.size
  canvas.put({ x: 0, y: top }, span(TITLES[start.mode], 'strong'))
  let y = top + 1 + gap
  let cursor: Cursor = null
  let focusY = 0
  let lowestWanted = 0
  for (const name of fieldsOf(start)) {
    const x = LABEL_COLS
    const fieldCols = Math.max(6, Math.min(MAX_FIELD_COLS, cols - x))
    canvas.put({ x: 0, y }, span(LABELS[name], form.focus === name ? 'strong' : 'plain'))
    if (form.focus === name) focusY = y
    const isHidden = name === 'password' || name === 'repeat'
    const at = drawLineField(canvas.part({ x, y, cols: fieldCols, rows: 1 }), form[name], { isHidden })
    if (name === 'server' && form.server.text === '') canvas.put({ x, y }, span(NEAREST, 'faint'))
    if (form.focus === name && start.busy === null) cursor = { x: x + at, y }
    const error = form.errors[name]
    // Beside the field, or below it when it would not fit.
    if (error !== undefined) y += drawError(canvas, { x: x + fieldCols + 2, y, error, below: x })
    else y += drawBeside(canvas, { x: x + fieldCols + 2, y, below: x, spans: besideOf(start, name) })
    if (name === 'server' && form.focus === name) {
      for (const row of serverRows(start, Math.max(1, canvas.size.rows - y - 1))) {
        y += 1
        canvas.put({ x, y }, ...row)
      }
    }
    if (form.focus === name) lowestWanted = y
    y += 1 + gap
  }
  if (start.busy !== null) {
    canvas.put({ x: 0, y }, span(`${turning(model.frame)} ${start.busy}…`, 'unread'))
    lowestWanted = y
  } else if (form.errors.form !== undefined) {
    lowestWanted = y - 1 + drawError(canvas, { x: 0, y, error: form.errors.form, below: 0 })
  } else drawNote(canvas, y, NOTES[start.mode])
  return { cursor, focusY, lowestWanted }
}

const TITLES: Readonly<Record<StartScreen['mode'], string>> = {
  pick: '',
  'sign-up': 'Sign up',
  'log-in': 'Log in',
  recover: 'Set a new password with your recovery code',
}

const NOTES: Readonly<Record<StartScreen['mode'], string>> = {
  pick: '',
  'sign-up':
    'The password opens this account elsewhere. You get a recovery code next, in case you forget it: nobody else can help.',
  'log-in': '',
  recover: 'The old password opens nothing any more. The code is used up; you get another one.',
}

function drawNote(canvas: Canvas, y: number, note: string): void {
  for (const [index, { text }] of wrapText(note, canvas.size.cols).entries()) {
    canvas.put({ x: 0, y: y + index }, span(text, 'faint'))
  }
}

function besideOf(start: StartScreen, name: FieldName): Span[] {
  const { form, mode } = start
  if (name === 'server') return serverNote(start)
  return name === 'password' && mode !== 'log-in' ? strengthSpans(form) : []
}

const STRENGTHS = ['very weak', 'weak', 'too weak', 'good', 'strong'] as const

/** A bar, what it means, and what is weak; what was typed since the last answer leaves the last bar. */
function strengthSpans({ strength, password }: Form): Span[] {
  if (strength === null || password.text === '') return []
  const { score } = strength
  const style = score >= limits.minPasswordScore ? 'done' : 'offline'
  const bar = '■'.repeat(score) + '□'.repeat(4 - score)
  return [span(`${bar} ${STRENGTHS[score] ?? ''}`, style)]
}

/** Returns the rows that it took besides the field's: where it does not fit beside, it stands below. */
function drawBeside(
  canvas: Canvas,
  { x, y, below, spans }: { x: number; y: number; below: number; spans: readonly Span[] },
): number {
  const width = spans.reduce((sum, { text }) => sum + lineWidth(text), 0)
  if (width === 0) return 0
  const fits = x + width <= canvas.size.cols
  canvas.put(fits ? { x, y } : { x: below, y: y + 1 }, ...spans)
  return fits ? 0 : 1
}

/** Returns the rows that it took besides the field's. */
function drawError(
  canvas: Canvas,
  { x, y, error, below }: { x: number; y: number; error: string; below: number },
): number {
  const text = sanitizeLine(error)
  if (x > below && x + lineWidth(text) <= canvas.size.cols) {
    canvas.put({ x, y }, span(text, 'error'))
    return 0
  }
  const lines = wrapText(text, canvas.size.cols - below)
  const first = x > below ? y + 1 : y
  for (const [index, line] of lines.entries())
    canvas.put({ x: below, y: first + index }, span(line.text, 'error'))
  return lines.length
}

function drawHint(canvas: Canvas, { mode, busy, form }: StartScreen): void {
  const hint =
    busy !== null
      ? 'Ctrl-C quit'
      : mode === 'pick'
        ? '↑↓ choose · Enter open · Ctrl-C quit'
        : canvas.size.cols < 42
          ? 'Enter go on · Esc back'
          : form.focus === 'server'
            ? '↑↓ choose, or type an address · Tab next field · Esc back'
            : 'Tab next field · Enter go on · Esc back'
  canvas.put({ x: 1, y: canvas.size.rows - 1 }, span(hint, 'faint'))
}
