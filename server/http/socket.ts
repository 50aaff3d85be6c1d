import { closeCodes, FastChatError } from '../../schema/errors.ts'
import type { Caller } from '../auth/tokens.ts'
import type { Connection } from '../delivery/connection.ts'
import { errorFields } from '../port/log.ts'
import type { Wire, WireHandlers } from '../port/wire.ts'
import type { Services } from './context.ts'

/** What one client may have sent that is not handled yet, characters: beyond it is not read from. */
const MAX_QUEUED_CHARS = 4 * 1024 * 1024

/** The life of one WebSocket, from the upgrade to its end. */
export function acceptSocket(
  { hub, frames, clock, log }: Pick<Services, 'hub' | 'frames' | 'clock' | 'log'>,
  caller: Caller,
): WireHandlers {
  let connection: Connection | undefined
  let work: Promise<void> = Promise.resolve()
  let queuedChars = 0
  let isPaused = false
  let wire: Wire | undefined

  function alive(): void {
    if (connection) connection.heardAt = clock.now()
  }

  return {
    onOpen(opened) {
      wire = opened
      const entered = hub.enter(opened, caller)
      connection = entered.connection
      work = entered.ready.catch(error => {
        if (!(error instanceof FastChatError && entered.connection.isClosed)) {
          log.warn(errorFields(error), 'Cannot welcome device')
        }
        entered.connection.close('serviceRestart')
      })
    },
    onText(text) {
      alive()
      const to = connection
      if (!to || to.isClosed) return
      queuedChars += text.length
      if (queuedChars > MAX_QUEUED_CHARS && !isPaused) {
        isPaused = true
        wire?.pause()
      }
      // One after the other: messages are stored in the order in which they were sent.
      work = work
        .then(() => frames.handle(to, text))
        .finally(() => {
          queuedChars -= text.length
          if (isPaused && queuedChars < MAX_QUEUED_CHARS / 2) {
            isPaused = false
            wire?.resume()
          }
        })
    },
    onBinary() {
      connection?.close('badFrame')
    },
    onAlive: alive,
    onClose() {
      if (connection) hub.leave(connection)
    },
  }
}

/** Closes a socket that came while the server stops. */
export function refuseSocket(): WireHandlers {
  return {
    onOpen: wire => wire.close(closeCodes.serviceRestart.code, 'serviceRestart'),
    onText: () => undefined,
    onBinary: () => undefined,
    onAlive: () => undefined,
    onClose: () => undefined,
  }
}
