import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, platform, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { exitCodes, FastChatError } from '../../schema/errors.ts'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import { VARIANTS, type Variant } from './catalog.ts'
import type { Measured } from './figures.ts'
import { toPlot } from './plot.ts'
import { type Report, summarise, toTable } from './report.ts'

const SCRIPT = fileURLToPath(new URL('variant.ts', import.meta.url))
const VARIANT_TIMEOUT_MS = 10 * 60_000
const MAX_ROUNDS = 20

const help = `Usage: npm run bench -- [--only NAME…] [--quick] [--rounds 3] [--json FILE] [--plot FILE]
       npm run bench -- --from FILE [--plot FILE]

Measures each variant in a process of its own, all of them once a round, every other
round in reverse order; prints the median of the rounds.

  --only NAME    only these variants: a name after it, or several
  --quick        little of everything, one round: whether it works, not how fast
  --json FILE    writes what was measured
  --plot FILE    draws it as SVG
  --from FILE    measures nothing: reads what --json wrote

${VARIANTS.map(({ name, what }) => `  ${name.padEnd(13)}  ${what}`).join('\n')}
`

interface Flags {
  variants: readonly Variant[]
  isQuick: boolean
  rounds: number
  json: string | undefined
  plot: string | undefined
  from: string | undefined
}

async function main(argv: readonly string[]): Promise<number> {
  const flags = readFlags(argv)
  if (!flags) {
    process.stdout.write(help)
    return exitCodes.done
  }
  const report = flags.from === undefined ? await measure(flags) : readReport(flags.from)
  process.stdout.write(`${toTable(report)}\n`)
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`)
  if (flags.plot !== undefined) writeFileSync(flags.plot, toPlot(report))
  return exitCodes.done
}

async function measure({ variants, isQuick, rounds: count }: Flags): Promise<Report> {
  const rounds: Measured[] = []
  for (let at = 0; at < count; at++) {
    const round: Measured = {}
    for (const { name } of at % 2 === 0 ? variants : [...variants].reverse()) {
      process.stderr.write(`bench: round ${at + 1} of ${count}, ${name}\n`)
      Object.assign(round, await runVariant(name, isQuick))
    }
    rounds.push(round)
  }
  const [{ model } = { model: 'unknown' }] = cpus()
  return {
    at: new Date().toISOString(),
    machine: {
      cpu: model.trim(),
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()}`,
      runtime: currentRuntime() === 'node' ? `Node ${process.versions.node}` : denoVersion(),
    },
    isQuick,
    rounds: count,
    figures: summarise(variants, rounds),
  }
}

function denoVersion(): string {
  const [line = 'deno'] = execFileSync(process.execPath, ['--version'], { encoding: 'utf8' }).split('\n')
  return line.replace(/^deno (\S+).*$/, 'Deno $1')
}

/** @throws FastChatError `internal` when it fails; what it said is on standard error */
function runVariant(name: string, isQuick: boolean): Promise<Measured> {
  const { command, args } = spawnArgs(currentRuntime(), SCRIPT, [name, ...(isQuick ? ['--quick'] : [])])
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: VARIANT_TIMEOUT_MS })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
    })
    child.once('close', code => {
      const failed = () => reject(new FastChatError('internal', `Cannot measure ${name}: it has failed`))
      if (code !== 0) return failed()
      try {
        resolve(JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Measured)
      } catch {
        failed()
      }
    })
  })
}

/** @throws FastChatError `usage` when it is none */
function readReport(path: string): Report {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8')) as Report
    if (Array.isArray(report.figures) && typeof report.at === 'string' && report.machine) {
      // Labels and targets are those of today; what was measured stays.
      const rounds = Array.from({ length: report.rounds }, (_, at) =>
        Object.fromEntries(report.figures.map(figure => [figure.id, figure.rounds[at] ?? figure.value])),
      )
      return { ...report, figures: summarise(VARIANTS, rounds) }
    }
  } catch {
    // Falls through to the one error.
  }
  throw new FastChatError('usage', `Cannot read ${path}: it is not what --json writes`)
}

function parseFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const
  return parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      ...{ rounds: text, json: text, plot: text, from: text },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
    strict: true,
  })
}

/** @returns undefined when help is asked for @throws FastChatError `usage` */
function readFlags(argv: readonly string[]): Flags | undefined {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch {
    throw new FastChatError('usage', 'Cannot read the command line: --help lists the flags')
  }
  const { values, positionals } = parsed
  if (values.help) return undefined
  const names = [...(values.only ?? []), ...positionals]
  const unknown = names.find(name => !VARIANTS.some(variant => variant.name === name))
  if (unknown !== undefined || (positionals.length > 0 && values.only === undefined)) {
    throw new FastChatError('usage', `Cannot measure ${unknown ?? positionals[0]}: --help lists the variants`)
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new FastChatError('usage', `Cannot read --rounds: it is a number from 1 to ${MAX_ROUNDS}`)
  }
  return {
    variants: VARIANTS.filter(({ name }) => names.length === 0 || names.includes(name)),
    isQuick: values.quick === true,
    rounds,
    ...{ json: values.json, plot: values.plot, from: values.from },
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof FastChatError)) throw error
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = error.exitCode
}
