import type { Edit } from './text-field.ts'

/** What a key can ask for. */
export type Action =
  | Edit
  | 'accept'
  | 'newline'
  | 'up'
  | 'down'
  | 'next-field'
  | 'previous-field'
  | 'cancel'
  | 'complete'
  | 'previous-conversation'
  | 'next-conversation'
  | 'next-unread'
  | 'page-up'
  | 'page-down'
  | 'to-oldest'
  | 'to-newest'
  | 'switcher'
  | 'help'
  | 'redraw'
  | 'clear-or-quit'
  | 'quit'

export type Place = 'anywhere' | 'chat' | 'writing' | 'start'

export interface Binding {
  keys: readonly string[]
  action: Action
  place: Place
  /** For the help. Bindings without it are not listed. */
  help?: string
}

/** Every key, once: what is pressed, what it does, what the help says. The first binding of a key in a place counts. */
export const BINDINGS: readonly Binding[] = [
  { place: 'anywhere', keys: ['f1'], action: 'help', help: 'this help' },
  { place: 'anywhere', keys: ['ctrl-q'], action: 'quit', help: 'quit' },
  { place: 'anywhere', keys: ['ctrl-c'], action: 'clear-or-quit', help: 'clear what is written, else quit' },
  { place: 'anywhere', keys: ['ctrl-l'], action: 'redraw', help: 'draw the screen anew' },
  { place: 'anywhere', keys: ['escape'], action: 'cancel', help: 'close what lies over the screen' },

  { place: 'chat', keys: ['alt-up', 'ctrl-p'], action: 'previous-conversation', help: 'conversation above' },
  { place: 'chat', keys: ['alt-down', 'ctrl-n'], action: 'next-conversation', help: 'conversation below' },
  { place: 'chat', keys: ['alt-a'], action: 'next-unread', help: 'next unread conversation' },
  {
    place: 'chat',
    keys: ['ctrl-k'],
    action: 'switcher',
    help: 'find or start a conversation (cursor at the end)',
  },
  { place: 'chat', keys: ['page-up'], action: 'page-up', help: 'older messages (or the wheel)' },
  { place: 'chat', keys: ['page-down'], action: 'page-down', help: 'newer messages (or the wheel)' },
  { place: 'chat', keys: ['ctrl-home'], action: 'to-oldest', help: 'oldest message loaded' },
  { place: 'chat', keys: ['ctrl-end'], action: 'to-newest', help: 'newest message' },
  { place: 'chat', keys: ['tab'], action: 'complete', help: 'complete a command or a name' },

  { place: 'start', keys: ['tab', 'down'], action: 'next-field', help: 'next field' },
  { place: 'start', keys: ['shift-tab', 'up'], action: 'previous-field', help: 'field before' },

  { place: 'writing', keys: ['enter'], action: 'accept', help: 'send; on the start screen: go on' },
  { place: 'writing', keys: ['alt-enter', 'ctrl-j'], action: 'newline', help: 'new line' },
  { place: 'writing', keys: ['up'], action: 'up' },
  { place: 'writing', keys: ['down'], action: 'down' },
  { place: 'writing', keys: ['left', 'ctrl-b'], action: 'left' },
  { place: 'writing', keys: ['right', 'ctrl-f'], action: 'right' },
  { place: 'writing', keys: ['home', 'ctrl-a'], action: 'line-start', help: 'start of the line' },
  { place: 'writing', keys: ['end', 'ctrl-e'], action: 'line-end', help: 'end of the line' },
  { place: 'writing', keys: ['ctrl-left', 'alt-left', 'alt-b'], action: 'word-left', help: 'word left' },
  { place: 'writing', keys: ['ctrl-right', 'alt-right', 'alt-f'], action: 'word-right', help: 'word right' },
  { place: 'writing', keys: ['backspace', 'ctrl-h'], action: 'delete-back' },
  { place: 'writing', keys: ['delete', 'ctrl-d'], action: 'delete' },
  {
    place: 'writing',
    keys: ['ctrl-w', 'alt-backspace'],
    action: 'delete-word',
    help: 'delete the word before',
  },
  { place: 'writing', keys: ['ctrl-u'], action: 'delete-to-start', help: 'delete to the start of the line' },
  { place: 'writing', keys: ['ctrl-k'], action: 'delete-to-end', help: 'delete to the end of the line' },
]

const actions = new Map(
  BINDINGS.toReversed().flatMap(({ place, keys, action }) => keys.map(key => [`${place} ${key}`, action])),
)

/** What a key does in the first of these places that binds it. */
export function actionOf(key: string, places: readonly Place[]): Action | undefined {
  for (const place of places) {
    const action = actions.get(`${place} ${key}`)
    if (action) return action
  }
  return undefined
}

/** A key as people write it: `Alt-Up`, `Ctrl-K`, `PageUp`. */
export function keyLabel(key: string): string {
  if (key.startsWith('page-')) return key === 'page-up' ? 'PageUp' : 'PageDown'
  return key
    .replace('escape', 'esc')
    .split('-')
    .map(part => part.charAt(0).toUpperCase() + part.slice(1))
    .join('-')
}
