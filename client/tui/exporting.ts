import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import type { Chat } from '../chat.ts'
import { exportLines } from '../export/export-lines.ts'
import { isTaken, writeNewFile } from '../export/new-file.ts'
import { numberedName, safeFileName } from '../files/file-name.ts'
import type { Paths } from './paths.ts'

/** So many exports of one conversation in one folder are enough. */
const MAX_NUMBER = 1000

/**
 * Writes a conversation to a new file: as JSON when its name ends so, else as text.
 *
 * @returns its path
 * @throws FastChatError `file_unusable`, `disk_full`; `not_found` when the conversation is no more
 */
export async function exportConversation(
  chat: Chat,
  { conversation, path: written, paths }: { conversation: string; path?: string; paths: Paths },
): Promise<string> {
  const { conversations } = await chat.snapshot()
  const summary = conversations.find(({ id }) => id === conversation)
  if (!summary) throw new FastChatError('not_found', 'Cannot export: that conversation is not there any more')
  const write = async (path: string) => {
    const format = /\.(?:ndjson|jsonl|json)$/i.test(path) ? 'json' : 'text'
    await writeNewFile(path, exportLines(chat, { conversations: [summary], format }))
    return path
  }
  if (written !== undefined) return await write(paths.resolve(written))
  const folder = await paths.downloads()
  const name = safeFileName(`fastchat-${summary.with}.txt`)
  for (let number = 1; ; number++) {
    try {
      return await write(join(folder, numberedName(name, number)))
    } catch (error) {
      if (!isTaken(error) || number === MAX_NUMBER) throw error
    }
  }
}
