import type { FileItem, Transfer } from '../../chat.ts'
import type { PictureState } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { wrapText } from '../wrap.ts'
import { type Span, span } from './canvas.ts'
import { markLine, NO_WORDS } from './matches.ts'
import { fileName, sizeText, truncateName } from './message-text.ts'
import { pictureLines, pictureSize } from './picture.ts'

const BAR_COLS = 10
/** Below this there is no room for a bar. */
const MIN_BAR_WIDTH = 32
const MAX_PICTURE_COLS = 60
/** As in update/pictures.ts: larger ones come only when asked for. */
const MAX_UNASKED_BYTES = 8 * 1024 * 1024

/** `[name.pdf 1.2 MB]`, and while it is on its way `[crag.jpg 1.2 MB ████████░░ 82%]`. */
export function fileLine(
  file: FileItem,
  {
    transfer,
    width,
    words = NO_WORDS,
  }: { transfer?: Transfer | undefined; width: number; words?: readonly string[] },
): Span[] {
  const about = ` ${sizeText(file.size)}`
  const { text: progress, isWrong } = progressOf(file, transfer, width)
  const name = truncateName(fileName(file.name), Math.max(4, width - about.length - progress.length - 2))
  const style = isWrong ? 'error' : 'faint'
  return [
    span('[', 'faint'),
    ...markLine(name, { style: 'file', words }),
    span(about, 'faint'),
    span(progress, style),
    span(']', 'faint'),
  ]
}

function progressOf(
  file: FileItem,
  transfer: Transfer | undefined,
  width: number,
): { text: string; isWrong: boolean } {
  if (transfer?.state === 'running') {
    const share = transfer.total > 0 ? Math.max(0, Math.min(1, transfer.done / transfer.total)) : 0
    const full = Math.floor(share * BAR_COLS)
    const bar = width < MIN_BAR_WIDTH ? '' : ` ${'█'.repeat(full)}${'░'.repeat(BAR_COLS - full)}`
    return { text: `${bar} ${Math.floor(share * 100)}%`, isWrong: false }
  }
  if (file.state === 'gone') return { text: ', gone', isWrong: true }
  if (transfer?.state !== 'failed') return { text: '', isWrong: false }
  return { text: transfer.direction === 'up' ? ', not uploaded' : ', not fetched', isWrong: true }
}

/** The lines below it: the picture, its place while it comes, or why it is not there. */
export function pictureOf(
  file: FileItem,
  {
    picture,
    isShown,
    width,
    rows,
  }: { picture: PictureState | undefined; isShown: boolean; width: number; rows: number },
): (readonly Span[])[] {
  const { image } = file
  if (!image) return []
  const say = (text: string) => wrapText(text, width).map(line => [span(line.text, 'faint')])
  if (!isShown) return say('(a picture: it is fetched once you accept)')
  const box = { cols: Math.min(width, MAX_PICTURE_COLS), rows }
  if (typeof picture === 'object' && 'rgb' in picture) return [...pictureLines(picture, box)]
  if (typeof picture === 'object') {
    return say(`(${sanitizeLine(picture.failure)})`)
  }
  if (file.state === 'gone') return []
  const comes = picture === 'loading' || file.state === 'here' || file.size <= MAX_UNASKED_BYTES
  if (!comes) return say('(a large picture: Shift-Up, then o, shows it)')
  // As many lines as it will have, so that nothing moves when it comes.
  const size = pictureSize(image, box)
  return Array.from({ length: size.rows }, (_, row) => [
    span(row === 0 ? 'loading the picture…' : '', 'faint'),
  ])
}
