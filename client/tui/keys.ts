/**
 * The one table of keys: what they do here, and what F1 says about them. A key is named as input/keys.ts names it:
 * modifiers in the order ctrl, alt, shift, then the name.
 */
export interface Binding {
  action: string
  keys: readonly string[]
  /** For F1: what it does, in a few words. */
  does: string
  group: 'Conversations' | 'Messages' | 'Selected message' | 'Writing' | 'Program'
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
  { action: 'switch', keys: ['ctrl-k'], does: 'switch to, start one; > commands', group: 'Conversations' },

  { action: 'page-up', keys: ['page-up'], does: 'older messages', group: 'Messages', shown: 'PageUp, wheel' },
  {
    action: 'page-down',
    keys: ['page-down'],
    does: 'newer messages',
    group: 'Messages',
    shown: 'PageDown, wheel',
  },
  { action: 'to-newest', keys: ['escape', 'ctrl-end'], does: 'to the newest', group: 'Messages' },
  {
    action: 'find',
    keys: ['ctrl-f'],
    does: 'search here; twice: everywhere',
    group: 'Messages',
  },
  {
    action: 'select',
    keys: ['shift-up', 'ctrl-up', 'alt-s'],
    does: 'select one: reply, react …',
    group: 'Messages',
  },

  { action: 'send', keys: ['enter'], does: 'send', group: 'Writing' },
  { action: 'newline', keys: ['alt-enter', 'ctrl-j', 'shift-enter'], does: 'new line', group: 'Writing' },
  { action: 'complete', keys: ['tab'], does: 'complete', group: 'Writing' },
  { action: 'left', keys: ['left', 'ctrl-b'], does: 'left', group: 'Writing' },
  { action: 'right', keys: ['right'], does: 'right', group: 'Writing' },
  { action: 'up', keys: ['up'], does: 'line up; edit the last one', group: 'Writing' },
  { action: 'down', keys: ['down'], does: 'line down', group: 'Writing' },
  { action: 'word-left', keys: ['ctrl-left', 'alt-left', 'alt-b'], does: 'word left', group: 'Writing' },
  { action: 'word-right', keys: ['ctrl-right', 'alt-right', 'alt-f'], does: 'word right', group: 'Writing' },
  { action: 'line-start', keys: ['home', 'ctrl-a'], does: 'start of line', group: 'Writing' },
  { action: 'line-end', keys: ['end'], does: 'end of line', group: 'Writing' },
  { action: 'editor', keys: ['ctrl-e'], does: 'write in $EDITOR', group: 'Writing' },
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

/** Keys while a message is selected. `hint`: the word for the status line. */
export const selectionBindings = [
  {
    action: 'above',
    keys: ['up', 'k', 'shift-up', 'ctrl-up'],
    does: 'the one above',
    hint: '',
    shown: 'Up, K',
  },
  {
    action: 'below',
    keys: ['down', 'j', 'shift-down', 'ctrl-down'],
    does: 'the one below',
    hint: '',
    shown: 'Down, J',
  },
  { action: 'reply', keys: ['r'], does: 'reply', hint: 'reply' },
  { action: 'react', keys: ['+', 'x'], does: 'react', hint: 'react' },
  { action: 'edit', keys: ['e'], does: 'edit (your own)', hint: 'edit' },
  { action: 'delete', keys: ['d', 'delete'], does: 'delete for all (your own, or as admin)', hint: 'delete' },
  { action: 'save', keys: ['s'], does: 'save its file', hint: 'save' },
  { action: 'open', keys: ['o'], does: 'its picture, larger', hint: 'open' },
  { action: 'copy', keys: ['c'], does: 'copy its text', hint: 'copy' },
  { action: 'leave', keys: ['escape', 'enter'], does: 'back to writing', hint: 'back', shown: 'Esc, Enter' },
] as const satisfies readonly PlaceBinding[]

export type SelectionAction = (typeof selectionBindings)[number]['action']

/** Keys while one searches in a conversation; what is typed is what is searched for. */
export const findBindings = [
  { action: 'leave', keys: ['escape'], does: 'back to where one was', hint: 'back' },
  { action: 'older', keys: ['enter', 'up'], does: 'the next older one', hint: 'older' },
  { action: 'newer', keys: ['down'], does: 'the next newer one', hint: 'newer' },
  { action: 'select', keys: ['alt-s', 'shift-up', 'ctrl-up'], does: 'select it', hint: 'select' },
  { action: 'everywhere', keys: ['ctrl-f'], does: 'search everywhere', hint: 'everywhere' },
] as const satisfies readonly PlaceBinding[]

/** Keys over a group's members, for its admin. */
export const groupBindings = [
  { action: 'add', keys: ['a'], does: 'add somebody', hint: 'add' },
  { action: 'remove', keys: ['r', 'delete'], does: 'remove', hint: 'remove' },
  { action: 'promote', keys: ['p'], does: 'make admin, or take it back', hint: 'admin' },
  { action: 'title', keys: ['t'], does: 'title', hint: 'title' },
] as const satisfies readonly PlaceBinding[]

/** Keys over the devices of this account. */
export const deviceBindings = [
  { action: 'rename', keys: ['n'], does: 'name it', hint: 'name' },
  { action: 'revoke', keys: ['x', 'delete'], does: 'shut it out', hint: 'revoke' },
  { action: 'history', keys: ['h'], does: 'offer it history', hint: 'send history' },
] as const satisfies readonly PlaceBinding[]

/** Keys over the safety number. */
export const verifyBindings = [
  { action: 'verify', keys: ['v'], does: 'they are the same', hint: 'the same' },
  { action: 'unverify', keys: ['u'], does: 'take it back', hint: 'take back' },
] as const satisfies readonly PlaceBinding[]

/** Keys over those who are blocked. */
export const blockedBindings = [
  { action: 'unblock', keys: ['u', 'enter'], does: 'show them again', hint: 'unblock' },
] as const satisfies readonly PlaceBinding[]

/** A key that means something in one place only: letters among them, since nothing is written there. */
export interface PlaceBinding {
  action: string
  keys: readonly string[]
  does: string
  hint: string
  shown?: string
}

/** What a key does in one place. */
export function actionIn<A extends string>(
  place: readonly { action: A; keys: readonly string[] }[],
  key: string,
): A | undefined {
  return place.find(({ keys }) => keys.includes(key))?.action
}

/** The keys of a place in one line: `r reply · + react`. */
export function hintOf(place: readonly PlaceBinding[]): string {
  return place
    .filter(({ hint, keys }) => hint !== '' && keys.length > 0)
    .map(({ keys: [first = ''], hint }) => `${first.length === 1 ? first : keyText(first)} ${hint}`)
    .join(' · ')
}

/** A binding's keys as F1 writes them: `Ctrl-K`. */
export function keysText(binding: Pick<Binding, 'keys' | 'shown'>): string {
  return binding.shown ?? binding.keys.map(keyText).join(', ')
}

/** A key as a keyboard names it. */
export function keyText(key: string): string {
  return key
    .split('-')
    .map(part => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('-')
    .replace('Page-', 'Page')
    .replace('Escape', 'Esc')
}
