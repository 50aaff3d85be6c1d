import { type Choice, choicesOf, type FieldName, fieldsOf, type Model, type StartScreen } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, createCanvas, span } from './canvas.ts'
import { drawRule } from './chat.ts'
import { drawLineField } from './line-field.ts'
import { turning } from './spinner.ts'
import { serverName } from './title.ts'

type Cursor = { x: number; y: number } | null

const LABELS: Readonly<Record<FieldName, string>> = {
  userId: 'User id',
  password: 'Password',
  repeat: 'Again',
}
const LABEL_COLS = 10
const MAX_FIELD_COLS = 32

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
}

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
  const title = start.mode === 'sign-up' ? 'Sign up' : 'Log in'
  canvas.put({ x: 0, y: top }, span(title, 'strong'))
  let y = top + 1 + gap
  let cursor: Cursor = null
  let focusY = 0
  let lowestWanted = 0
  for (const name of fieldsOf(start)) {
    const x = LABEL_COLS
    const fieldCols = Math.max(6, Math.min(MAX_FIELD_COLS, cols - x))
    canvas.put({ x: 0, y }, span(LABELS[name], form.focus === name ? 'strong' : 'plain'))
    if (form.focus === name) focusY = y
    const at = drawLineField(canvas.part({ x, y, cols: fieldCols, rows: 1 }), form[name], {
      isHidden: name !== 'userId',
    })
    if (form.focus === name && start.busy === null) cursor = { x: x + at, y }
    const error = form.errors[name]
    // Beside the field, or below it when it would not fit.
    if (error !== undefined) y += drawError(canvas, { x: x + fieldCols + 2, y, error, below: x })
    if (form.focus === name) lowestWanted = y
    y += 1 + gap
  }
  if (start.busy !== null) {
    canvas.put({ x: 0, y }, span(`${turning(model.frame)} ${start.busy}…`, 'unread'))
    lowestWanted = y
  } else if (form.errors.form !== undefined) {
    lowestWanted = y - 1 + drawError(canvas, { x: 0, y, error: form.errors.form, below: 0 })
  } else if (start.mode === 'sign-up') drawNote(canvas, y)
  return { cursor, focusY, lowestWanted }
}

function drawNote(canvas: Canvas, y: number): void {
  const note = 'The password opens this account elsewhere. Nobody can restore it for you.'
  for (const [index, { text }] of wrapText(note, canvas.size.cols).entries()) {
    canvas.put({ x: 0, y: y + index }, span(text, 'faint'))
  }
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

function drawHint(canvas: Canvas, { mode, busy }: StartScreen): void {
  const hint =
    busy !== null
      ? 'Ctrl-C quit'
      : mode === 'pick'
        ? '↑↓ choose · Enter open · Ctrl-C quit'
        : canvas.size.cols < 42
          ? 'Enter go on · Esc back'
          : 'Tab next field · Enter go on · Esc back'
  canvas.put({ x: 1, y: canvas.size.rows - 1 }, span(hint, 'faint'))
}
