import {
  type Action,
  actionIn,
  type Binding,
  bindings,
  blockedBindings,
  deviceBindings,
  findBindings,
  groupBindings,
  keyText,
  type PlaceBinding,
  selectionBindings,
  verifyBindings,
} from './keys.ts'

/** Where keys mean something, by the names that they have in the config file: `chat` is everywhere else. */
export const places = {
  chat: bindings,
  selected: selectionBindings,
  find: findBindings,
  members: groupBindings,
  devices: deviceBindings,
  verify: verifyBindings,
  blocked: blockedBindings,
} as const

export type PlaceName = keyof typeof places

/** The keys that are in force: the tables of keys.ts, and what the person has made of them. */
export type Keymap = {
  readonly [P in PlaceName]: readonly (Named<P> & { action: ActionOf<P> })[]
}

type ActionOf<P extends PlaceName> = (typeof places)[P][number]['action']
type Named<P extends PlaceName> = P extends 'chat' ? Binding : PlaceBinding

/** Keys of one's own, by place and action; an action with no key at all can be done no more by a key. */
export type Rebound = { readonly [P in PlaceName]?: Readonly<Record<string, readonly string[]>> }

export const defaultKeymap: Keymap = places

/** The tables with other keys. A key that an action takes over is the other's no more; Ctrl-C stays whatever is asked for. */
export function keymapOf(rebound: Rebound): Keymap {
  const changed = Object.entries(rebound).map(([place, changes]) => [
    place,
    rebind(places[place as PlaceName] as readonly (Binding | PlaceBinding)[], changes),
  ])
  return { ...places, ...Object.fromEntries(changed) }
}

function rebind<B extends { action: string; keys: readonly string[]; shown?: string }>(
  table: readonly B[],
  changes: Readonly<Record<string, readonly string[]>>,
): B[] {
  const taken = new Set(Object.values(changes).flat())
  return table.map(binding => {
    const own = changes[binding.action]
    const keys: readonly string[] = own
      ? [...own, ...binding.keys.filter(key => KEPT.has(key))]
      : binding.keys.filter(key => !taken.has(key))
    if (keys.length === binding.keys.length && keys.every((key, at) => key === binding.keys[at]))
      return binding
    const { shown: _shown, ...rest } = binding
    return { ...rest, keys } as B
  })
}

/** What a key does where nothing has keys of its own. */
export function actionOf({ chat }: Keymap, key: string): Action | undefined {
  return actionIn(chat, key)
}

/** The key that hints name for an action; null when it has none. */
export function keyFor({ chat }: Keymap, action: Action): string | null {
  const key = chat.find(binding => binding.action === action)?.keys[0]
  return key === undefined ? null : keyText(key)
}

/** The same with what it does there, as hints write it: `Ctrl-K switch`; nothing when it has no key. */
export function keyHint(keymap: Keymap, action: Action, does: string): string[] {
  const key = keyFor(keymap, action)
  return key === null ? [] : [`${key} ${does}`]
}

const NAMED = new Set([
  ...['up', 'down', 'left', 'right', 'home', 'end', 'insert', 'delete', 'page-up', 'page-down', 'clear'],
  ...['tab', 'enter', 'escape', 'space', 'backspace', ...Array.from({ length: 12 }, (_, at) => `f${at + 1}`)],
])

/** What no terminal tells from a key of another name. */
const SAME: Readonly<Record<string, string>> = {
  'ctrl-i': 'tab',
  'ctrl-m': 'enter',
  'ctrl-[': 'escape',
  'ctrl-?': 'backspace',
}

/** What must stay: the way out. */
const KEPT = new Set(['ctrl-c'])

/**
 * Reads a key as a person writes it (`Ctrl-K`, `alt-page-up`, `R`): modifiers in any order and case.
 *
 * @returns its name as input/keys.ts has it, or what is wrong with it
 */
export function readKey(text: string, place: PlaceName): { key: string } | { wrong: string } {
  const modifiers = new Set<string>()
  let rest = text.trim().toLowerCase()
  for (
    let match = /^(ctrl|alt|shift)-(?=.)/.exec(rest);
    match;
    match = /^(ctrl|alt|shift)-(?=.)/.exec(rest)
  ) {
    modifiers.add(match[1] ?? '')
    rest = rest.slice(match[0].length)
  }
  const isLetter = Array.from(rest).length === 1 && /^\P{C}$/u.test(rest) && rest.trim() !== ''
  if (!isLetter && !NAMED.has(rest)) return { wrong: 'there is no such key' }
  if (isLetter && modifiers.has('shift')) return { wrong: 'Shift of a letter is the letter itself' }
  if (isLetter && modifiers.size === 0 && place === 'chat') return { wrong: 'a letter is text there' }
  if (isLetter && modifiers.size === 0 && place === 'find')
    return { wrong: 'a letter is what is searched for' }
  const prefix = ['ctrl', 'alt', 'shift'].filter(one => modifiers.has(one)).map(one => `${one}-`)
  const key = prefix.join('') + rest
  if (KEPT.has(key)) return { wrong: 'Ctrl-C stays what it is: the way out' }
  const same = SAME[key]
  if (same !== undefined) return { wrong: `terminals send the same for ${same}: write that` }
  return { key }
}
