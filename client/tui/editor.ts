import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { TerminalEnv } from './theme.ts'

/**
 * Has a text written in the person's editor: `$VISUAL`, `$EDITOR`, or vi, with whatever options stand there, no shell between.
 * The text is in a file that only this user can read (0600, in a folder 0700), and gone from the disk afterwards whatever happens.
 *
 * @returns the text as it is then, without the last line's end
 * @throws FastChatError `file_unusable` when there is no such program, it ends with an error, or what it leaves is no text (UTF-8)
 *   or is longer than a message may be
 */
export async function editText(text: string, env: TerminalEnv): Promise<string> {
  const [command = 'vi', ...options] = (env.VISUAL || env.EDITOR || 'vi').trim().split(/\s+/)
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-draft-'))
  const file = join(folder, 'message.txt')
  const removeAll = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', removeAll)
  try {
    writeFileSync(file, text, { mode: 0o600 })
    await run(command, [...options, file])
    return readBack(file)
  } finally {
    process.off('exit', removeAll)
    removeAll()
  }
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' })
    child.on('error', () =>
      reject(failed(`"${command}" cannot be started; VISUAL and EDITOR name another one`)),
    )
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(failed(`"${command}" has ended with ${signal ?? code}; the text is as it was`))
    })
  })
}

function readBack(file: string): string {
  if (statSync(file).size > limits.maxTextBytes + 1) {
    throw failed(`what was written is longer than ${limits.maxTextBytes} bytes; the text is as it was`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
    return text.replace(/\r\n/g, '\n').replace(/\n$/, '')
  } catch {
    throw failed('what was written is no UTF-8; the text is as it was')
  }
}

function failed(why: string): FastChatError {
  return new FastChatError('file_unusable', `Cannot take the text of the editor: ${why}`)
}
