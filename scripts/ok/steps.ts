/** One check of the gate. */
export interface Step {
  name: string
  /** How to set right what it complains about. */
  help: string
  /** The complaints; empty when all is well. */
  check: () => Promise<string> | string
}

/**
 * Takes the steps in turn, printing a line for each, and stops at the first that has a complaint or throws.
 *
 * @returns whether all is well
 */
export async function runSteps(steps: readonly Step[], print: (line: string) => void): Promise<boolean> {
  for (const { name, help, check } of steps) {
    const startedAt = performance.now()
    const found = await complaintsOf(check)
    const ms = `${Math.round(performance.now() - startedAt)} ms`
    print(`${found ? 'FAIL' : 'ok  '} ${name.padEnd(20)} ${ms.padStart(8)}`)
    if (found) {
      print(`\n${found.trimEnd()}\n\nThe gate is shut at: ${name} (${help})`)
      return false
    }
  }
  return true
}

async function complaintsOf(check: Step['check']): Promise<string> {
  try {
    return await check()
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
