import { resolve } from 'node:path'
import { exitCodes } from '../../schema/errors.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { withLatest } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { jsonLine } from './format.ts'
import { isMoving, showTransfers } from './transfers.ts'

/** `fastchat save`: the file of a message into a folder; prints its path. Exits with 0, 2, 3 or 4. */
export async function save(context: CommandContext, line: LineOf<'save'>): Promise<number> {
  const { id, json } = line
  const folder = resolve(line.folder)
  return await withAsking({ context, line, what: 'save file', isProgress: isMoving }, async asking => {
    const { io } = context
    const hide = showTransfers(asking.chat, { io, direction: 'down', label: () => 'fetching' })
    try {
      const { path } = await withLatest(asking, () => asking.chat.saveFile({ id, folder }))
      await io.print(json ? jsonLine({ id, path }) : `${sanitizeLine(path)}\n`)
      return exitCodes.done
    } finally {
      hide()
    }
  })
}
