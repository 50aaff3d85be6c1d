import { readFileSync } from 'node:fs'
import { rowsOfSvg, toSvg } from '../e2e/picture.ts'
import type { TestTerminal } from '../e2e/terminal.ts'
import { waitFor } from '../test/wait-for.ts'
import type { Scene } from './scenes.ts'

/** Every scene is shown in each. */
export const sizes = [
  { cols: 120, rows: 40 },
  { cols: 80, rows: 24 },
  { cols: 40, rows: 15 },
] as const
export type PictureSize = (typeof sizes)[number]

const SETTLED_PROBES = 15

/** Where a picture is kept. */
export function pictureFile(scene: Scene, { cols, rows }: PictureSize): URL {
  return new URL(`pictures/${scene}-${cols}x${rows}.svg`, import.meta.url)
}

/** The screen at a size as a picture, once it changes no more. */
export async function recordPicture(terminal: TestTerminal, size: PictureSize): Promise<string> {
  let last = ''
  let same = 0
  const before = terminal.output().length
  terminal.resize(size)
  return await waitFor(
    () => {
      const now = pictureOf(terminal)
      same = now === last ? same + 1 : 0
      last = now
      // The program draws all of it anew.
      return same >= SETTLED_PROBES && terminal.output().length > before ? now : undefined
    },
    { what: 'a screen that changes no more' },
  )
}

/** Waits until the screen at a size shows what the picture of it does. @throws Error when it does not */
export async function comparePicture(terminal: TestTerminal, scene: Scene, size: PictureSize): Promise<void> {
  const file = pictureFile(scene, size)
  const kept = shapeOf(readFileSync(file, 'utf8'))
  terminal.resize(size)
  let now: string[] = []
  try {
    await waitFor(
      () => {
        now = shapeOf(pictureOf(terminal))
        return now.join('\n') === kept.join('\n')
      },
      { what: 'the picture', timeoutMs: 10_000 },
    )
  } catch {
    const differ = now.flatMap((row, y) => (row === kept[y] ? [] : [`- ${kept[y]}`, `+ ${row}`]))
    throw new Error(
      `Cannot find on the screen what ${file.pathname.split('/').at(-1)} shows; npm run record makes it anew:\n${differ.join('\n')}`,
    )
  }
}

function pictureOf(terminal: TestTerminal): string {
  return toSvg(terminal.cells(), terminal.modes().isCursorHidden ? undefined : terminal.cursor())
}

/** The letters of a picture, without what is another each time: times, keys, ports, and blanks since they give way. */
function shapeOf(svg: string): string[] {
  return rowsOfSvg(svg).map(row =>
    row
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(/\b\d+ ms\b/g, 'N ms')
      .replace(/\b\d\d:\d\d\b/g, 'TIME')
      .replace(/\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2}( \d{4})?/g, 'DAY')
      .replace(/\b\d{5}\b/g, 'DIGITS')
      .replace(/\b\d+ KB\b/g, 'N KB')
      .replace(/╌+/g, '╌')
      .replace(/\s+/g, ' ')
      .trim(),
  )
}
