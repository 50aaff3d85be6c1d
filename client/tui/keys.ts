/**
 * The one table of keys: what they do here, and what F1 says about them. A key is named as input/keys.ts names it:
 * modifiers in the order ctrl, alt, shift, then the name.
 */
export interface Binding {
  action: string
  keys: readonly string[]
  /** For F1: what it does, in a few words. */
  does: string
  group: 'Conversations' | 'Messages' | 'Writing' | 'Program'
  /** How F1 writes the keys, where their names are too many. */
  shown?: string
}

export const bindings = [
  {
    action: 'previous-conversation',
    keys: ['alt-up', 'ctrl-p'],
    does: 'conversation above',
    group: 'Conversations',
  },
  {
    action: 'next-conversation',
    keys: ['alt-down', 'ctrl-n'],
    does: 'conversation below',
    group: 'Conversations',
  },
  { action: 'next-unread', keys: ['alt-a'], does: 'next unread', group: 'Conversations' },
  { action: 'switch', keys: ['ctrl-k'], does: 'switch to, or start one', group: 'Conversations' },

  { action: 'page-up', keys: ['page-up'], does: 'older messages', group: 'Messages', shown: 'PageUp, wheel' },
  {
    action: 'page-down',
    keys: ['page-down'],
    does: 'newer messages',
    group: 'Messages',
    shown: 'PageDown, wheel',
  },
  { action: 'to-newest', keys: ['escape', 'ctrl-end'], does: 'to the newest', group: 'Messages' },

  { action: 'send', keys: ['enter'], does: 'send', group: 'Writing' },
  { action: 'newline', keys: ['alt-enter', 'ctrl-j', 'shift-enter'], does: 'new line', group: 'Writing' },
  { action: 'complete', keys: ['tab'], does: 'complete', group: 'Writing' },
  { action: 'left', keys: ['left', 'ctrl-b'], does: 'left', group: 'Writing' },
  { action: 'right', keys: ['right', 'ctrl-f'], does: 'right', group: 'Writing' },
  { action: 'up', keys: ['up'], does: 'line up', group: 'Writing' },
  { action: 'down', keys: ['down'], does: 'line down', group: 'Writing' },
  { action: 'word-left', keys: ['ctrl-left', 'alt-left', 'alt-b'], does: 'word left', group: 'Writing' },
  { action: 'word-right', keys: ['ctrl-right', 'alt-right', 'alt-f'], does: 'word right', group: 'Writing' },
  { action: 'line-start', keys: ['home', 'ctrl-a'], does: 'start of line', group: 'Writing' },
  { action: 'line-end', keys: ['end', 'ctrl-e'], does: 'end of line', group: 'Writing' },
  { action: 'delete-back', keys: ['backspace', 'ctrl-h'], does: 'delete before', group: 'Writing' },
  { action: 'delete', keys: ['delete', 'ctrl-d'], does: 'delete after', group: 'Writing' },
  { action: 'delete-word', keys: ['ctrl-w', 'alt-backspace'], does: 'delete word', group: 'Writing' },
  { action: 'delete-to-start', keys: ['ctrl-u'], does: 'delete to start', group: 'Writing' },
  {
    action: 'delete-to-end',
    keys: ['alt-k'],
    does: 'delete to end',
    group: 'Writing',
    shown: 'Ctrl-K within a text, Alt-K',
  },
  { action: 'paste-deleted', keys: ['ctrl-y'], does: 'bring back what was deleted', group: 'Writing' },

  { action: 'help', keys: ['f1'], does: 'this help', group: 'Program' },
  { action: 'redraw', keys: ['ctrl-l'], does: 'draw again', group: 'Program' },
  { action: 'suspend', keys: ['ctrl-z'], does: 'back to the shell (fg returns)', group: 'Program' },
  { action: 'interrupt', keys: ['ctrl-c'], does: 'empty the line; quit when it is', group: 'Program' },
  { action: 'quit', keys: ['ctrl-q'], does: 'quit', group: 'Program' },
] as const satisfies readonly Binding[]

export type Action = (typeof bindings)[number]['action']

const byKey: ReadonlyMap<string, Action> = new Map(
  bindings.flatMap(binding => binding.keys.map(key => [key, binding.action] as const)),
)

/** What a key does. */
export function actionOf(key: string): Action | undefined {
  return byKey.get(key)
}

/** A binding's keys as F1 writes them: `Ctrl-K`. */
export function keysText(binding: Binding): string {
  return binding.shown ?? binding.keys.map(keyText).join(', ')
}

function keyText(key: string): string {
  return key
    .split('-')
    .map(part => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('-')
    .replace('Page-', 'Page')
    .replace('Escape', 'Esc')
}
