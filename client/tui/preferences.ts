import { defaultKeymap, type Keymap } from './keymap.ts'
import { type Theme, themes } from './theme.ts'

/** What a person may decide of how the chat looks and is used; config/preferences.ts reads it from the config file. */
export interface Preferences {
  /** The name of a theme of `themes`. */
  theme: string
  /** Those there are, and those of the config file. */
  themes: Readonly<Record<string, Theme>>
  keymap: Keymap
  /** Whether the composer is used as vi is. */
  isVim: boolean
  /** After how long without a key the screen is locked; null: never. */
  lockAfterMs: number | null
}

export const defaultPreferences: Preferences = {
  theme: 'dark',
  themes,
  keymap: defaultKeymap,
  isVim: false,
  lockAfterMs: null,
}
