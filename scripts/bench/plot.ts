import type { Report, ReportFigure } from './report.ts'

const WIDTH = 860
const LABEL_WIDTH = 440
const ROW = 22
const TOP = 46
const BARS = WIDTH - LABEL_WIDTH - 110
const [INK, FAINT, RED, GREEN] = ['#24292f', '#6e7781', '#cf222e', '#1a7f37'] as const

/** The figures with a target or a ceiling as bars: how much of it each takes. SVG, 860 wide. */
export function toPlot({ figures, machine, at }: Report): string {
  const shown = figures.filter(({ target, ratio }) => target !== undefined || ratio !== undefined)
  const height = TOP + shown.length * ROW + 12
  const rows = shown.map((figure, index) => row(figure, TOP + index * ROW))
  const title = `${at.slice(0, 10)}, ${machine.cpu} x ${machine.cores}, ${machine.runtime}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-monospace,monospace" font-size="12">`,
    '<title>FastChat, measured: figures with a target or a ceiling</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text({ x: 12, y: 18, fill: FAINT }, title),
    text({ x: LABEL_WIDTH, y: 36, fill: FAINT }, 'dashes: the target, or the bare relay'),
    ...rows,
    `<line x1="${LABEL_WIDTH + BARS / 2}" x2="${LABEL_WIDTH + BARS / 2}" y1="${TOP - 4}" y2="${height - 8}" stroke="${RED}" stroke-dasharray="4 3"/>`,
    '</svg>',
    '',
  ].join('\n')
}

/** The dashes are at the middle: what is longer than twice that is cut, and its number says so. */
function row({ label, value, unit, target, ratio, isMet }: ReportFigure, y: number): string {
  const part = ratio ?? value / (target ?? value)
  const width = Math.max(1, Math.min(BARS, (part * BARS) / 2)).toFixed(1)
  const said = `${value.toLocaleString('en')} ${unit}`
  return [
    text({ x: 12, y: y + 13, fill: INK }, label),
    `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width}" height="13" fill="${isMet === false ? RED : GREEN}" fill-opacity="0.75"/>`,
    text({ x: LABEL_WIDTH + BARS + 8, y: y + 13, fill: INK }, said),
  ].join('')
}

function text({ x, y, fill }: { x: number; y: number; fill: string }, said: string): string {
  const safe = said.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" fill="${fill}">${safe}</text>`
}
