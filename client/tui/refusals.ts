import type { Command, Failure, Msg, TerminalCommand, Typed } from './msg.ts'

/** What is said when the session, or what is beside it, has refused; null: nothing, since nobody waits for it. */
export function refusal(command: Exclude<Command, TerminalCommand>, failure: Failure): Msg | null {
  switch (command.type) {
    case 'sign-up':
    case 'log-in':
    case 'recover':
    case 'resume':
      return { type: 'chat-refused', failure }
    case 'load-history':
      return { type: 'history-failed', conversation: command.conversation, failure }
    case 'open':
      return {
        type: 'open-refused',
        failure,
        ...(command.typed === undefined ? {} : { typed: command.typed }),
      }
    case 'send':
    case 'edit': {
      const { conversation, text, about } = command
      return { type: 'send-refused', conversation, text, failure, ...(about ? { about } : {}) }
    }
    case 'picture':
      return { type: 'picture-failed', id: command.id, failure }
    case 'search': {
      const { conversation } = command
      return { type: 'search-failed', failure, ...(conversation === undefined ? {} : { conversation }) }
    }
    case 'judge-password':
      return { type: 'password-judged', judged: null }
    case 'measure-servers':
    case 'typing':
    case 'complete-path':
      return null
    default: {
      const typed: Typed | undefined = 'typed' in command ? command.typed : undefined
      return typed ? { type: 'refused', typed, failure } : { type: 'failed', failure }
    }
  }
}
