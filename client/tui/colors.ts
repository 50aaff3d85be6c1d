import type { ColorDepth } from './theme.ts'
import type { CellColors } from './view/canvas.ts'

/** The steps of red, green and blue in the palette of 256 (xterm's): 16 to 231 are a cube of them, 232 to 255 greys. */
const STEPS = [0, 95, 135, 175, 215, 255] as const

/** xterm's first 16 colours. A terminal's theme may have others: where it says no more, this is the best guess. */
const BASIC = [
  ...[0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5],
  ...[0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff],
] as const

/** From dark to light, for a terminal that writes light on dark. */
const SHADES = ' ░▒▓█'
/** Halves that differ by more, of 255, are drawn as halves where there are no colours. */
const SHARP = 96
const MAX_KNOWN = 1 << 16

/** 16 to 255 of the palette of 256. */
const CUBE_AND_GREYS = cubeAndGreys()

/** How much a colour is saturated before its likeness is looked for: with few colours a dull blue is rather blue than grey. */
const SATURATION = { 16: 2, 256: 1.25 } as const

/**
 * The SGR sequence that gives a picture's cell its colours, after a reset; or only what differs from the picture's cell
 * that was written before it.
 */
export function sgrOfColors(colors: CellColors, depth: ColorDepth, before?: CellColors): string {
  if (depth === 0) return before ? '' : '\x1b[0m'
  const foreground = colorCodes(colors.fg, depth, 30)
  const background = colors.bg === undefined ? '49' : colorCodes(colors.bg, depth, 40)
  if (!before) return `\x1b[0;${foreground}${colors.bg === undefined ? '' : `;${background}`}m`
  const codes: string[] = []
  if (colorCodes(before.fg, depth, 30) !== foreground) codes.push(foreground)
  if ((before.bg === undefined ? '49' : colorCodes(before.bg, depth, 40)) !== background)
    codes.push(background)
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`
}

/** The letter that stands for a half-block where there are no colours: a shade, or the half that is light. */
export function shadeOf({ fg, bg }: CellColors): string {
  const upper = lightnessOf(fg)
  const lower = bg === undefined ? 0 : lightnessOf(bg)
  if (upper - lower > SHARP) return '▀'
  if (lower - upper > SHARP) return '▄'
  return SHADES[Math.min(SHADES.length - 1, Math.floor(((upper + lower) / 2 / 256) * SHADES.length))] ?? ' '
}

/** 16 to 255 of the palette of 256 as 0xRRGGBB. */
export function rgbOf256(color: number): number {
  return CUBE_AND_GREYS[color - 16] ?? 0
}

/** The colour of the palette of 256 that is nearest; never one of the first 16, which are the theme's. */
export const nearestOf256 = nearestOf(CUBE_AND_GREYS, { first: 16, saturation: SATURATION[256] })

/** The one of the first 16 that is nearest. */
export const nearestOf16 = nearestOf(BASIC, { first: 0, saturation: SATURATION[16] })

function cubeAndGreys(): number[] {
  const cube = STEPS.flatMap(red =>
    STEPS.flatMap(green => STEPS.map(blue => (red << 16) | (green << 8) | blue)),
  )
  const greys = Array.from({ length: 24 }, (_, index) => (8 + 10 * index) * 0x010101)
  return [...cube, ...greys]
}

/** Of a palette the number of the colour that looks most like another one; of equal ones the first. */
function nearestOf(
  palette: readonly number[],
  { first, saturation }: { first: number; saturation: number },
): (color: number) => number {
  const candidates = palette.map(toOklab)
  /** Pictures have few colours, and have them often. */
  const known = new Map<number, number>()
  const exact = new Map(palette.map((color, index) => [color, first + index]).reverse() as [number, number][])
  return color => {
    const found = exact.get(color) ?? known.get(color)
    if (found !== undefined) return found
    const [lightness, a, b] = toOklab(color)
    let best = 0
    let least = Number.POSITIVE_INFINITY
    candidates.forEach(([otherLightness, otherA, otherB], index) => {
      const chroma = (a * saturation - otherA) ** 2 + (b * saturation - otherB) ** 2
      const distance = (lightness - otherLightness) ** 2 + chroma
      if (distance < least) [best, least] = [index, distance]
    })
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(color, first + best)
    return first + best
  }
}

/** Lightness and two axes of hue and saturation in which distances are as the eye sees them (Ottosson, 2020). */
function toOklab(color: number): [number, number, number] {
  const [red, green, blue] = partsOf(color).map(linear) as [number, number, number]
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const middle = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
  ]
}

function linear(channel: number): number {
  const value = channel / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

/** The SGR codes of 0xRRGGBB, or of what is nearest to it; `base` 30 for letters, 40 for what is behind them. */
export function colorCodes(color: number, depth: ColorDepth, base: 30 | 40): string {
  if (depth === 16) {
    const index = nearestOf16(color)
    return String(index < 8 ? base + index : base + 60 + index - 8)
  }
  return depth === 256 ? `${base + 8};5;${nearestOf256(color)}` : `${base + 8};2;${partsOf(color).join(';')}`
}

/** How light a colour is to the eye, 0 to 255. */
export function lightnessOf(color: number): number {
  const [red, green, blue] = partsOf(color)
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

function partsOf(color: number): [number, number, number] {
  return [(color >> 16) & 0xff, (color >> 8) & 0xff, color & 0xff]
}
