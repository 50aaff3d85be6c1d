import { readFileSync } from 'node:fs'
import { decodePicture } from '../../client/image/decode.ts'
import { openTerminal } from '../../client/tui/terminal.ts'
import { createCanvas, type Grid, span } from '../../client/tui/view/canvas.ts'
import { PICTURE_PIXELS, pictureLines } from '../../client/tui/view/picture.ts'

// A picture in the terminal and nothing else: argv[2] is its file. Keys: j and k move it, o covers a part of it, x takes it
// away, z suspends, q quits.
const picture = await decodePicture(readFileSync(process.argv[2] ?? ''), PICTURE_PIXELS)
let top = 2
let isCovered = false
let isThere = true

function view(): Grid {
  const size = terminal.size()
  const { canvas, cells } = createCanvas(size)
  canvas.put({ x: 0, y: 0 }, span(`row ${top}${isCovered ? ' covered' : ''}${isThere ? '' : ' away'}`))
  if (isThere) {
    pictureLines(picture, { cols: 40, rows: 12 }).forEach((line, row) => {
      canvas.put({ x: 4, y: top + row }, ...line)
    })
  }
  if (isCovered) canvas.put({ x: 2, y: 4 }, span('over it'))
  return { size, cells, cursor: null }
}

function onKey(key: string): void {
  if (key === 'q') {
    terminal.restore()
    process.exit(0)
  }
  if (key === 'z') {
    terminal.suspend()
    return
  }
  if (key === 'j') top++
  if (key === 'k') top--
  if (key === 'o') isCovered = !isCovered
  if (key === 'x') isThere = !isThere
  terminal.draw(view())
}

const terminal = openTerminal({
  env: process.env,
  onInput(input) {
    if (input.type === 'text') for (const key of input.text) onKey(key)
  },
  onResize: () => terminal.draw(view()),
  onHangUp: () => process.exit(0),
})
terminal.draw(view())
