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
  const upper = lightness(fg)
  const lower = bg === undefined ? 0 : lightness(bg)
  if (upper - lower > SHARP) return '▀'
  if (lower - upper > SHARP) return '▄'
  return SHADES[Math.min(SHADES.length - 1, Math.floor(((upper + lower) / 2 / 256) * SHADES.length))] ?? ' '
}

/** The colour of the palette of 256 that is nearest; never one of the first 16, which are the theme's. */
export function nearestOf256(color: number): number {
  const [red, green, blue] = partsOf(color)
  const [r, g, b] = [red, green, blue].map(nearestStep) as [number, number, number]
  const inCube = rgb(STEPS[r] ?? 0, STEPS[g] ?? 0, STEPS[b] ?? 0)
  const grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3 - 8) / 10)))
  const inGreys = rgb(8 + 10 * grey, 8 + 10 * grey, 8 + 10 * grey)
  return distance(color, inGreys) < distance(color, inCube) ? 232 + grey : 16 + 36 * r + 6 * g + b
}

/** The one of the first 16 that is nearest. */
export function nearestOf16(color: number): number {
  let best = 0
  for (let index = 1; index < BASIC.length; index++) {
    if (distance(color, BASIC[index] ?? 0) < distance(color, BASIC[best] ?? 0)) best = index
  }
  return best
}

function colorCodes(color: number, depth: ColorDepth, base: 30 | 40): string {
  if (depth === 16) {
    const index = nearestOf16(color)
    return String(index < 8 ? base + index : base + 60 + index - 8)
  }
  return depth === 256 ? `${base + 8};5;${nearestOf256(color)}` : `${base + 8};2;${partsOf(color).join(';')}`
}

function nearestStep(value: number): number {
  if (value < 48) return 0
  return value < 115 ? 1 : Math.min(5, Math.floor((value - 35) / 40))
}

/** Weighted as the eye does, roughly: green counts most, blue least. */
function distance(a: number, b: number): number {
  const [r1, g1, b1] = partsOf(a)
  const [r2, g2, b2] = partsOf(b)
  return 3 * (r1 - r2) ** 2 + 4 * (g1 - g2) ** 2 + 2 * (b1 - b2) ** 2
}

function lightness(color: number): number {
  const [red, green, blue] = partsOf(color)
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

function partsOf(color: number): [number, number, number] {
  return [(color >> 16) & 0xff, (color >> 8) & 0xff, color & 0xff]
}

function rgb(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue
}
