import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from '@lydell/node-pty'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Recorded, Scenario } from './command-process.fixture.ts'

export interface TypedOptions {
  /** Each is typed once its question is there. */
  answers?: [question: string, typed: string][]
  scenario?: Scenario
}

/** Runs a command on a real terminal, and types into it. */
export async function typeOnTerminal(argv: string[], { answers = [], scenario = {} }: TypedOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-prompt-'))
  try {
    const [scenarioPath, record] = [join(folder, 'scenario.json'), join(folder, 'record.json')]
    writeFileSync(scenarioPath, JSON.stringify(scenario))
    const script = fileURLToPath(new URL('command-process.fixture.ts', import.meta.url))
    const { command, args } = spawnArgs(currentRuntime(), script, [scenarioPath, record, ...argv])
    const env = { ...process.env, FASTCHAT_PASSWORD: '' }
    const terminal = spawn(command, args, { cols: 80, rows: 24, env })
    let screen = ''
    terminal.onData(data => {
      screen += data
    })
    const ended = new Promise<number>(resolve => void terminal.onExit(({ exitCode }) => resolve(exitCode)))
    let from = 0
    for (const [question, typed] of answers) {
      const at = await waitFor(() => screen.indexOf(question, from) + 1, {
        what: question,
        timeoutMs: 30_000,
      })
      from = at + question.length - 1
      terminal.write(typed)
    }
    const code = await ended
    return { code, screen, ...(JSON.parse(readFileSync(record, 'utf8')) as Recorded) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
