/** Black on white whatever the terminal's own colours are, since a camera reads a QR code only this way around. */
const BLACK_ON_WHITE = '\u001b[38;5;16;48;5;231m'
const PLAIN = '\u001b[0m'

/** A QR code for a terminal: two rows of it in each line, as half-blocks. */
export function qrLines(modules: readonly (readonly boolean[])[]): string[] {
  const lines: string[] = []
  for (let row = 0; row < modules.length; row += 2) {
    const upper = modules[row] ?? []
    const lower = modules[row + 1]
    const cells = upper.map((isDark, column) => cellOf(isDark, lower?.[column] ?? false))
    lines.push(`${BLACK_ON_WHITE}${cells.join('')}${PLAIN}`)
  }
  return lines
}

function cellOf(isUpperDark: boolean, isLowerDark: boolean): string {
  if (isUpperDark) return isLowerDark ? '█' : '▀'
  return isLowerDark ? '▄' : ' '
}
