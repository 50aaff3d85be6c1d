import { promisify } from 'node:util'
import { deflate } from 'node:zlib'

/**
 * The sequences of the kitty graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/). All of them ask for no
 * answer (`q=2`): a terminal that has lost a picture shows the half-blocks below it.
 */

const compress = promisify(deflate)
/** Characters of base64 in one sequence. */
const CHUNK_CHARS = 4096
/** Nothing is worth more of a person's waiting. */
const LEVEL = 1

/** Asks whether the protocol is understood, with a picture of one pixel that is not kept. */
export function askForKitty(id: number): string {
  return `\x1b_Gi=${id},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\`
}

/**
 * Gives the terminal a picture, which is not shown yet. Between the sequences there may be others, but none of another picture.
 *
 * @param rgb three bytes a pixel
 */
export async function transmit(
  id: number,
  { rgb, width, height }: { rgb: Uint8Array; width: number; height: number },
): Promise<string[]> {
  const data = (await compress(rgb, { level: LEVEL })).toString('base64')
  const count = Math.max(1, Math.ceil(data.length / CHUNK_CHARS))
  return Array.from({ length: count }, (_, index) => {
    const first = index === 0 ? `a=t,t=d,f=24,o=z,s=${width},v=${height},i=${id},` : ''
    const more = index < count - 1 ? 1 : 0
    const chunk = data.slice(index * CHUNK_CHARS, (index + 1) * CHUNK_CHARS)
    return `\x1b_G${first}q=2,m=${more};${chunk}\x1b\\`
  })
}

/** Shows a picture on some cells from the cursor on, which stays where it is; where it was shown before, it is no more. */
export function place(
  id: number,
  { placement, cols, rows }: { placement: number; cols: number; rows: number },
): string {
  return `\x1b_Ga=p,i=${id},p=${placement},c=${cols},r=${rows},C=1,q=2\x1b\\`
}

/** Takes a picture off the screen; the terminal keeps it. */
export function unplace(id: number, placement: number): string {
  return `\x1b_Ga=d,d=i,i=${id},p=${placement},q=2\x1b\\`
}

/** Takes a picture off the screen and out of the terminal's memory. */
export function forget(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`
}

/** Ends a picture of which not all was sent. */
export function abort(): string {
  return '\x1b_Gq=2,m=0;\x1b\\'
}
