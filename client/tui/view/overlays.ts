import { nameOf } from '../conversation-name.ts'
import { findEmojis } from '../emoji.ts'
import type { Keymap } from '../keymap.ts'
import { hintOf } from '../keys.ts'
import { blockedOf, type ChatScreen, type Model, type Question } from '../model.ts'
import { canChangeGroup, type GroupOverlay, type Overlay, type ReactOverlay } from '../overlay.ts'
import { type Candidate, candidatesOf, isForDeeds } from '../palette.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { box } from './box.ts'
import { type Canvas, span } from './canvas.ts'
import { drawHelp, helpCols, helpLines } from './help.ts'
import { deviceRows, drawRows, memberRows } from './member-list.ts'
import { pictureLines } from './picture.ts'
import { drawSearch } from './search.ts'
import { drawVerify, verifyLines } from './verify.ts'

type Cursor = { x: number; y: number } | null

/** Draws what lies over the chat. Returns where the cursor is. */
export function drawOverlay(canvas: Canvas, model: Model, chat: ChatScreen): Cursor {
  const cursor = chat.overlay ? drawOne(canvas, model, { chat, overlay: chat.overlay }) : null
  if (!chat.question) return cursor
  drawQuestion(canvas, chat.question)
  return null
}

function drawOne(
  canvas: Canvas,
  model: Model,
  { chat, overlay }: { chat: ChatScreen; overlay: Overlay },
): Cursor {
  const { cols, rows } = model.size
  const most = rows - 2
  switch (overlay.type) {
    case 'help': {
      const frame = { cols: helpCols(cols), rows: most, title: 'Help', hint: '↑↓ scroll · Esc closes' }
      drawHelp(box(canvas, frame), helpLines(cols, model.keymap), overlay.scroll)
      return null
    }
    case 'switcher': {
      const wanted = Math.max(6, candidatesOf(chat, overlay.field.text, model.keymap).length + 3)
      const inner = box(canvas, {
        cols: Math.min(cols, isForDeeds(overlay.field.text) ? 64 : 44),
        rows: Math.min(most, 14, wanted),
        title: isForDeeds(overlay.field.text) ? 'Do' : 'Switch to',
        hint: isForDeeds(overlay.field.text)
          ? 'Enter does it · Esc closes'
          : 'Enter opens · > commands · Esc closes',
      })
      return drawSwitcher(inner, { chat, overlay, keymap: model.keymap })
    }
    case 'react': {
      const inner = box(canvas, {
        cols: Math.min(cols, 44),
        rows: Math.min(most, 13),
        title: 'React',
        hint: 'Enter takes · Esc closes',
      })
      return drawReact(inner, overlay)
    }
    case 'search':
      return drawSearch(canvas, model, { chat, overlay })
    case 'group':
      return drawGroup(canvas, overlay, { cols, most, keymap: model.keymap })
    case 'devices': {
      const inner = box(canvas, {
        cols: Math.min(cols, 70),
        rows: Math.min(most, overlay.devices.length + 3),
        title: 'Your devices',
        hint: overlay.prompt ? 'Enter · Esc back' : `${hintOf(model.keymap.devices)} · Esc closes`,
      })
      const { selected, prompt } = overlay
      return drawRows(inner, { rows: deviceRows(overlay, model.timeZone), selected, prompt, note: '' })
    }
    case 'verify': {
      const user = sanitizeLine(overlay.verification.user)
      const width = Math.min(cols, 76)
      const wanted = verifyLines(overlay, { cols: width - 4, rows: most - 2 }).length + 2
      const inner = box(canvas, {
        cols: width,
        rows: Math.min(most, wanted),
        title: `Safety number with ${user}`,
        hint: `${hintOf(model.keymap.verify)} · Esc closes`,
      })
      drawVerify(inner, overlay)
      return null
    }
    case 'picture':
      drawPicture(canvas, chat, overlay)
      return null
    case 'blocked': {
      const blocked = blockedOf(chat)
      const inner = box(canvas, {
        cols: Math.min(cols, 44),
        rows: Math.min(most, Math.max(4, blocked.length + 3)),
        title: 'Blocked',
        hint: blocked.length === 0 ? 'Esc closes' : `${hintOf(model.keymap.blocked)} · Esc closes`,
      })
      const shown = blocked.map(({ summary }) => ({ name: nameOf(summary), marks: [] }))
      const note = shown.length === 0 ? 'Nobody is blocked.' : ''
      return drawRows(inner, { rows: shown, selected: overlay.selected, prompt: null, note })
    }
    default:
      return overlay satisfies never
  }
}

function drawGroup(
  canvas: Canvas,
  overlay: GroupOverlay,
  { cols, most, keymap }: { cols: number; most: number; keymap: Keymap },
): Cursor {
  const { info, asAdmin, selected, prompt } = overlay
  const canChange = canChangeGroup(overlay)
  const note = asAdmin && !canChange ? 'You are not an admin of this group.' : ''
  const hint = prompt
    ? 'Enter · Esc back'
    : canChange
      ? `${hintOf(keymap.members)} · Esc closes`
      : '↑↓ scroll · Esc closes'
  const count = info.members.length === 1 ? '1 member' : `${info.members.length} members`
  const inner = box(canvas, {
    cols: Math.min(cols, 60),
    rows: Math.min(most, info.members.length + 3 + (note === '' ? 0 : 1)),
    title: `# ${sanitizeLine(info.title ?? info.group)} · ${count}`,
    hint,
  })
  return drawRows(inner, { rows: memberRows(overlay), selected, prompt, note })
}

function drawSwitcher(
  canvas: Canvas,
  {
    chat,
    overlay: { field, selected },
    keymap,
  }: { chat: ChatScreen; overlay: Extract<Overlay, { type: 'switcher' }>; keymap: Keymap },
): Cursor {
  const choices = candidatesOf(chat, field.text, keymap).map(candidate =>
    choiceOf(candidate, canvas.size.cols),
  )
  return drawChoices(canvas, { field, ask: 'a name, #group, or >command…', selected, choices })
}

function choiceOf(candidate: Candidate, cols: number): { name: string; note: string; isFaint: boolean } {
  switch (candidate.type) {
    case 'place': {
      const { name, id, unread } = candidate
      const isNew = id === undefined
      const note = isNew ? 'write to' : unread > 0 ? String(unread) : ''
      return { name: truncate(name, cols - 10), note, isFaint: isNew }
    }
    case 'command': {
      const name = truncate(`/${candidate.name} ${candidate.takes}`.trim(), cols - 4)
      const room = cols - lineWidth(name) - 6
      return { name, note: room < 8 ? '' : truncate(candidate.does, room), isFaint: true }
    }
    case 'action':
      return { name: truncate(candidate.does, cols - 14), note: candidate.key, isFaint: true }
    default:
      return candidate satisfies never
  }
}

function drawReact(canvas: Canvas, { field, selected, current }: ReactOverlay): Cursor {
  const choices = findEmojis(field.text).map(({ emoji, name }) => ({
    name: `${emoji}  ${name}`,
    note: emoji === current ? 'takes it back' : '',
    isFaint: true,
  }))
  return drawChoices(canvas, { field, ask: 'name of an emoji…', selected, choices })
}

/** A field, and below it what the text in it may mean. */
function drawChoices(
  canvas: Canvas,
  {
    field,
    ask,
    selected,
    choices,
  }: {
    field: { text: string; cursor: number }
    ask: string
    selected: number
    choices: readonly { name: string; note: string; isFaint: boolean }[]
  },
): { x: number; y: number } {
  const { cols, rows } = canvas.size
  canvas.put({ x: 0, y: 0 }, span('> ', 'brand'), span(field.text))
  if (field.text === '') canvas.put({ x: 2, y: 0 }, span(ask, 'faint'))
  const first = Math.max(0, Math.min(selected - rows + 2, choices.length - rows + 1))
  for (const [index, { name, note, isFaint }] of choices.slice(first, first + rows - 1).entries()) {
    const y = index + 1
    canvas.put({ x: 0, y }, span('  '), span(name))
    canvas.put({ x: cols - lineWidth(note) - 1, y }, span(note, isFaint ? 'faint' : 'unread'))
    if (first + index === selected) canvas.restyle({ x: 0, y, cols }, 'selected')
  }
  return canvas.absolute({ x: Math.min(cols - 1, 2 + lineWidth(field.text.slice(0, field.cursor))), y: 0 })
}

function drawPicture(
  canvas: Canvas,
  { pictures }: ChatScreen,
  { id, title }: Extract<Overlay, { type: 'picture' }>,
): void {
  const { cols, rows } = canvas.size
  const inner = box(canvas, { cols, rows, title: sanitizeLine(title), hint: 'Esc closes' })
  const picture = pictures.get(id)
  if (typeof picture !== 'object') {
    inner.put({ x: 0, y: 0 }, span('loading the picture…', 'faint'))
    return
  }
  if ('failure' in picture) {
    const lines = wrapText(sanitizeLine(picture.failure), inner.size.cols)
    for (const [y, { text }] of lines.entries()) inner.put({ x: 0, y }, span(text, 'error'))
    return
  }
  const lines = pictureLines(picture, inner.size)
  const x = Math.floor((inner.size.cols - (lines[0]?.length ?? 0)) / 2)
  const y = Math.floor((inner.size.rows - lines.length) / 2)
  for (const [row, line] of lines.entries()) inner.put({ x, y: y + row }, ...line)
}

/** A question lies over everything, and wraps: names may be long. */
function drawQuestion(canvas: Canvas, { text }: Question): void {
  const { cols, rows } = canvas.size
  const width = Math.min(cols, 50)
  const lines = wrapText(sanitizeLine(text), width - 4)
  const inner = box(canvas, {
    cols: width,
    rows: Math.min(rows, lines.length + 2),
    title: 'Sure?',
    hint: 'y yes · n no',
  })
  for (const [y, line] of lines.entries()) inner.put({ x: 0, y }, span(line.text))
}
