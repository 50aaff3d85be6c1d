import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'

/** Runs a test with a folder of its own, which is removed in the end. */
export async function withFolder(play: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-files-'))
  try {
    await play(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The code of what is thrown; what is no error of ours as it is. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => assert.unreachable('nothing was thrown') as never,
    (error: Error) => (error instanceof FastChatError ? error.code : String(error.stack)),
  )
}

export async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
