import type { GroupInfo, OwnDevice, Verification } from '../chat.ts'
import type { Asked } from './asked.ts'
import type { TextField } from './text-field.ts'

/** What lies over the chat. */
export type Overlay =
  | { type: 'help'; scroll: number }
  | { type: 'switcher'; field: TextField; selected: number }
  | GroupOverlay
  | DevicesOverlay
  | VerifyOverlay
  | ReactOverlay
  | SearchOverlay
  /** A message's picture, as large as the window allows. */
  | { type: 'picture'; id: string; title: string }
  /** Whom nothing is shown of. */
  | { type: 'blocked'; selected: number }

/** The members of a group. */
export interface GroupOverlay {
  type: 'group'
  info: GroupInfo
  /** It was asked for as the group's admin: with what an admin can do, or with the word that one is none. */
  asAdmin: boolean
  selected: number
  prompt: Prompt | null
}

/** Whether its keys change the group: only an admin's do, who asked for it as one. */
export function canChangeGroup({ asAdmin, info }: GroupOverlay): boolean {
  return asAdmin && info.role === 'admin'
}

/** The devices of this account. */
export interface DevicesOverlay {
  type: 'devices'
  devices: readonly OwnDevice[]
  selected: number
  prompt: Prompt | null
}

/** The safety number with somebody. */
export interface VerifyOverlay {
  type: 'verify'
  verification: Verification
  /** The QR code, row by row; true is dark. */
  modules: readonly (readonly boolean[])[]
  scroll: number
}

/** Which emoji to react with. */
export interface ReactOverlay {
  type: 'react'
  id: string
  /** The one that is there already. */
  current: string | null
  field: TextField
  selected: number
}

/** What is found over all conversations. */
export interface SearchOverlay extends Asked {
  type: 'search'
  selected: number
}

/** A line that is asked for within an overlay. */
export interface Prompt {
  what: 'add' | 'title' | 'rename'
  field: TextField
}
