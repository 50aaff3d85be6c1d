import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Runtime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'

/** A process of `agent-process.fixture.ts`, and what it has printed. */
export interface AgentProcess {
  child: ChildProcess
  printed: Record<string, unknown>[]
  ask: (method: string, request?: unknown) => Promise<Record<string, unknown>>
  waitFor: (
    what: string,
    matches: (line: Record<string, unknown>) => boolean,
  ) => Promise<Record<string, unknown>>
  isOwner: () => boolean
  signal: (signal: NodeJS.Signals) => void
  kill: () => Promise<void>
}

export function startAgentProcess(runtime: Runtime, home: string): AgentProcess {
  const script = fileURLToPath(new URL('agent-process.fixture.ts', import.meta.url))
  const { command, args } = spawnArgs(runtime, script, [home, 'bob'])
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const printed: Record<string, unknown>[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) printed.push(JSON.parse(line))
  })
  const waitForLine: AgentProcess['waitFor'] = (what, matches) =>
    waitFor(() => printed.find(matches), { what, timeoutMs: 20_000 })
  return {
    child,
    printed,
    waitFor: waitForLine,
    async ask(method, request) {
      const from = printed.length
      child.stdin.write(`${JSON.stringify({ method, request })}\n`)
      return await waitFor(() => printed.slice(from).find(({ to }) => to === method), {
        what: `answer to ${method}`,
        timeoutMs: 20_000,
      })
    },
    isOwner: () => printed.some(line => 'owner' in line),
    signal: name => void signal(child, name),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      signal(child, 'SIGKILL')
      await exited
    },
  }
}

/** Not by the child's own method: on Deno only its first call does anything. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(pid, name)
}
