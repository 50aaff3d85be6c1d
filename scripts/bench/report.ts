import type { Figure, Variant } from './catalog.ts'
import { type Measured, quantile, rounded } from './figures.ts'

export interface Report {
  /** ISO 8601. */
  at: string
  machine: { cpu: string; cores: number; memoryGb: number; system: string; runtime: string }
  isQuick: boolean
  rounds: number
  figures: ReportFigure[]
}

export interface ReportFigure extends Figure {
  variant: string
  /** The median of the rounds. */
  value: number
  rounds: number[]
  /** Of the ceiling that was measured in the same run. */
  ratio?: number
  isMet?: boolean
}

/** The median of each figure, in the order of the catalogue. */
export function summarise(variants: readonly Variant[], rounds: readonly Measured[]): ReportFigure[] {
  const medians = new Map<string, number>()
  const found: ReportFigure[] = []
  for (const { name, figures } of variants) {
    for (const figure of figures) {
      const values = rounds.flatMap(round => round[figure.id] ?? [])
      if (values.length === 0) continue
      const value = rounded(quantile(values, 0.5))
      medians.set(figure.id, value)
      found.push({ ...figure, variant: name, value, rounds: values.map(rounded) })
    }
  }
  return found.map(figure => {
    const ceiling = figure.ceiling === undefined ? undefined : medians.get(figure.ceiling)
    return {
      ...figure,
      ...(ceiling ? { ratio: rounded(figure.value / ceiling) } : {}),
      ...(figure.target === undefined ? {} : { isMet: figure.value <= figure.target }),
    }
  })
}

/** One line a figure, for a terminal. */
export function toTable({ figures, machine, at, isQuick }: Report): string {
  const cells = figures.map(({ variant, label, value, unit, target, isMet, ratio }) => [
    variant,
    label,
    `${value.toLocaleString('en')} ${unit}`,
    target === undefined ? '' : `${isMet ? '' : 'over '}${target} ${unit}`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} of the ceiling`,
  ])
  const table = [['variant', 'figure', 'median', 'target', 'ratio'], ...cells]
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(...table.map(row => row[column]?.length ?? 0)))
  const lines = table.map(row =>
    row
      .map((cell, column) =>
        column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const note = isQuick ? ', a short run: it tells nothing but that all works' : ''
  return [...lines, '', `${at}, ${machine.cpu} x ${machine.cores}, ${machine.runtime}${note}`].join('\n')
}
