import * as v from 'valibot'
import { keymapOf, type PlaceName, places, type Rebound, readKey } from '../tui/keymap.ts'
import { defaultPreferences, type Preferences } from '../tui/preferences.ts'
import { readDuration } from '../tui/slash-commands.ts'
import { THEMED_STYLES, type Theme, themes } from '../tui/theme.ts'

/** Something in the config file that cannot be: where, and why. */
export class PreferenceError extends Error {
  readonly path: readonly string[]

  constructor(path: readonly string[], message: string) {
    super(message)
    this.path = path
  }
}

const MAX_THEMES = 32
const MAX_KEYS = 8
const MIN_LOCK_MS = 10_000
const MAX_LOCK_MS = 7 * 24 * 3_600_000

const COLOR = 'a colour is a number of the terminal’s palette, 0 to 255, or "#rrggbb"'

const Color = v.union(
  [
    v.pipe(v.number(), v.integer(COLOR), v.minValue(0, COLOR), v.maxValue(255, COLOR)),
    v.pipe(
      v.string(),
      v.regex(/^#[0-9a-fA-F]{6}$/, COLOR),
      v.transform(text => Number.parseInt(text.slice(1), 16)),
      v.transform(rgb => ({ rgb })),
    ),
  ],
  COLOR,
)

const flag = v.optional(v.boolean('true or false is wanted'))
const Look = v.strictObject(
  {
    color: v.optional(Color),
    background: v.optional(Color),
    bold: flag,
    dim: flag,
    italic: flag,
    underline: flag,
    inverse: flag,
  },
  'a style is a table of color, background, bold, dim, italic, underline, inverse',
)

const styleEntries = Object.fromEntries(THEMED_STYLES.map(style => [style, v.optional(Look)]))
const Keys = v.union([v.string(), v.array(v.string())], 'a key, or a list of keys is wanted')
const ThemeName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'a theme’s name has a-z, 0-9 and - only, 32 at most'),
)

const Config = v.strictObject({
  theme: v.optional(v.string('the name of a theme is wanted')),
  vim: flag,
  'lock-after': v.optional(v.string('a time is wanted: "off", "30s", "10m", "1h"')),
  themes: v.optional(
    v.pipe(
      v.record(
        ThemeName,
        v.strictObject({ base: v.optional(v.string('the name of a theme is wanted')), ...styleEntries }),
      ),
      v.maxEntries(MAX_THEMES, `there may be ${MAX_THEMES} themes at most`),
    ),
  ),
  keys: v.optional(
    v.record(v.string(), v.union([Keys, v.record(v.string(), Keys)], 'a key, or a list of keys is wanted')),
  ),
})

/**
 * What the config file's value says, with the defaults for what it does not.
 *
 * @throws {PreferenceError} for the first thing that cannot be
 */
export function readPreferences(value: unknown): Preferences {
  const read = v.safeParse(Config, value)
  if (!read.success) throw wrongShape(read.issues[0])
  const { theme = defaultPreferences.theme, themes: own = {}, keys = {}, vim, ...rest } = read.output
  const known = readThemes(own as Readonly<Record<string, OwnTheme>>)
  if (!Object.hasOwn(known, theme)) throw noTheme(['theme'], known)
  return {
    theme,
    themes: known,
    keymap: keymapOf(readKeys(keys)),
    isVim: vim ?? false,
    lockAfterMs: readLockAfter(rest['lock-after']),
  }
}

type OwnTheme = { base?: string } & Readonly<Record<string, v.InferOutput<typeof Look> | undefined>>

function readThemes(own: Readonly<Record<string, OwnTheme>>): Record<string, Theme> {
  const known: Record<string, Theme> = { ...themes }
  for (const [name, { base = 'dark', ...styles }] of Object.entries(own)) {
    if (Object.hasOwn(themes, name))
      throw new PreferenceError(['themes', name], 'this theme is there already: choose another name')
    const parent = themes[base as keyof typeof themes]
    if (!Object.hasOwn(themes, base) || !parent) throw noTheme(['themes', name, 'base'], themes)
    const looks = Object.fromEntries(
      Object.entries(styles).map(([style, look]) => {
        const { background, ...others } = look ?? {}
        return [style, background === undefined ? others : { ...others, bgColor: background }]
      }),
    )
    known[name] = { looks: { ...parent.looks, ...looks }, fine: { ...parent.fine, ...looks } }
  }
  return known
}

function noTheme(path: readonly string[], known: Readonly<Record<string, Theme>>): PreferenceError {
  return new PreferenceError(path, `there is no such theme; there are ${Object.keys(known).join(', ')}`)
}

function readKeys(
  keys: Readonly<Record<string, string | string[] | Record<string, string | string[]>>>,
): Rebound {
  const rebound: Partial<Record<PlaceName, Record<string, readonly string[]>>> = {}
  const owners = new Map<string, string>()
  const add = (
    place: PlaceName,
    action: string,
    { path, written }: { path: string[]; written: string | string[] },
  ) => {
    const actions = places[place].map(binding => binding.action as string)
    if (!actions.includes(action))
      throw new PreferenceError(path, `there is no such action; there are ${actions.join(', ')}`)
    const list = typeof written === 'string' ? [written] : written
    if (list.length > MAX_KEYS) throw new PreferenceError(path, `an action may have ${MAX_KEYS} keys at most`)
    const names = list.map(text => {
      const read = readKey(text, place)
      if ('wrong' in read) throw new PreferenceError(path, `${JSON.stringify(text)}: ${read.wrong}`)
      const owner = owners.get(`${place} ${read.key}`)
      if (owner !== undefined)
        throw new PreferenceError(path, `${JSON.stringify(text)} is the key of ${owner} already`)
      owners.set(`${place} ${read.key}`, action)
      return read.key
    })
    rebound[place] = { ...rebound[place], [action]: names }
  }
  for (const [name, written] of Object.entries(keys)) {
    if (typeof written === 'string' || Array.isArray(written)) {
      add('chat', name, { path: ['keys', name], written })
      continue
    }
    if (!Object.hasOwn(places, name)) {
      throw new PreferenceError(
        ['keys', name],
        `there is no such place; there are ${Object.keys(places).join(', ')}`,
      )
    }
    for (const [action, inner] of Object.entries(written)) {
      add(name as PlaceName, action, { path: ['keys', name, action], written: inner })
    }
  }
  return rebound
}

function readLockAfter(text: string | undefined): number | null {
  if (text === undefined) return defaultPreferences.lockAfterMs
  const ms = readDuration(text)
  if (ms === undefined)
    throw new PreferenceError(['lock-after'], 'a time is wanted: "off", "30s", "10m", "1h"')
  if (ms !== null && (ms < MIN_LOCK_MS || ms > MAX_LOCK_MS)) {
    throw new PreferenceError(
      ['lock-after'],
      'the screen can be locked after 10 seconds at least, and 7 days at most',
    )
  }
  return ms
}

function wrongShape(issue: v.BaseIssue<unknown>): PreferenceError {
  const path = (issue.path ?? []).map(({ key }) => String(key))
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return new PreferenceError(path, 'there is no such setting')
  }
  return new PreferenceError(
    path,
    issue.type === 'record' || issue.type === 'strict_object' ? shapeText(issue) : issue.message,
  )
}

function shapeText(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid') ? 'a table is wanted here' : issue.message
}
