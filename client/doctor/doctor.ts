import { errorTable, exitCodes, FastChatError } from '../../schema/errors.ts'
import type { Io } from '../commands/io.ts'
import { visibleJson } from '../commands/visible.ts'
import { sanitizeLine } from '../tui/sanitize.ts'

/** What is looked at: says what it has found, one line each. @throws FastChatError what is wrong */
export interface Check {
  name: string
  look(): Promise<readonly string[]>
}

/** A line of what was found; `exit` of what is wrong. */
interface Finding {
  check: string
  isOk: boolean
  detail: string
  exit: number
}

/**
 * `fastchat doctor`: looks at everything that the chat needs, also when something before it was wrong.
 *
 * @returns 0 when all is well, else the exit code of the first thing that is not
 */
export async function doctor(
  checks: readonly Check[],
  { io, json }: { io: Pick<Io, 'print'>; json: boolean },
): Promise<number> {
  let exit: number = exitCodes.done
  for (const check of checks) {
    for (const finding of await lookAt(check)) {
      if (exit === exitCodes.done) exit = finding.exit
      await io.print(json ? jsonOf(finding) : lineOf(finding))
    }
  }
  return exit
}

async function lookAt({ name: check, look }: Check): Promise<Finding[]> {
  try {
    return (await look()).map(detail => ({ check, isOk: true, detail, exit: exitCodes.done }))
  } catch (error) {
    const isOurs = error instanceof FastChatError
    // A message that is not ours may hold anything.
    const detail = isOurs ? error.message : 'internal error, please report it'
    const exit = isOurs && error.code !== 'internal' ? errorTable[error.code].exit : exitCodes.internal
    return [{ check, isOk: false, detail, exit }]
  }
}

function lineOf({ check, isOk, detail }: Finding): string {
  return `${isOk ? 'ok  ' : 'FAIL'}  ${check.padEnd(9)} ${sanitizeLine(detail)}\n`
}

function jsonOf({ check, isOk, detail }: Finding): string {
  return `${visibleJson({ check, ok: isOk, detail })}\n`
}
