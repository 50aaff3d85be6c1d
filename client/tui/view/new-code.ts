import { lastGroup } from '../../core/recovery-code.ts'
import type { NewCode } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, span } from './canvas.ts'
import { drawRule } from './chat.ts'

const WHY =
  'Write this code down and keep it apart from this machine. It replaces a forgotten password; nothing else does, and it is shown only now.'
const PROMPT = 'Type its last three characters: '

/** Draws a recovery code that was just made, over everything else. Returns where the cursor is. */
export function drawNewCode(canvas: Canvas, { code, typed }: NewCode): { x: number; y: number } {
  const { cols, rows } = canvas.size
  // In a low window every line is the code's.
  const isLow = rows < 12
  if (!isLow) {
    canvas.put({ x: 0, y: 0 }, span(' fastchat ─ your recovery code', 'brand'))
    drawRule(canvas, 1)
    drawRule(canvas, rows - 2)
  }
  canvas.put({ x: 0, y: rows - 1 }, span(truncate(' Type its end to go on · Ctrl-Q quit', cols - 1), 'faint'))
  const body = canvas.part(
    isLow ? { x: 0, y: 0, cols, rows: rows - 1 } : { x: 2, y: 2, cols: cols - 4, rows: rows - 4 },
  )
  const gap = rows >= 16 ? 1 : 0
  let y = gap
  for (const line of groupLines(code, body.size.cols)) {
    body.put({ x: 0, y }, span(line, 'strong'))
    y += 1
  }
  y += gap
  const prompt = lineWidth(PROMPT) + 4 <= body.size.cols ? PROMPT : 'Its end: '
  const text = sanitizeLine(typed.text)
  // All of it was typed, and the code is still here.
  const isWrong = typed.text.length >= lastGroup(code).length
  const wrong = isWrong ? [span('  not its end', 'error')] : []
  body.put({ x: 0, y }, span(prompt), span(text, 'field'), ...wrong)
  const at = lineWidth(sanitizeLine(typed.text.slice(0, typed.cursor)))
  const cursor = body.absolute({ x: Math.min(lineWidth(prompt) + at, body.size.cols - 1), y })
  y += 1 + gap
  for (const [index, { text: line }] of wrapText(WHY, body.size.cols).entries()) {
    body.put({ x: 0, y: y + index }, span(line, 'faint'))
  }
  return cursor
}

/** Broken only between groups. */
function groupLines(code: string, cols: number): string[] {
  const lines: string[] = []
  for (const group of code.split('-')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + group.length <= cols)
      lines[lines.length - 1] = `${last}-${group}`
    else lines.push(group)
  }
  return lines
}
