/** What the person has decided for this device. */
export interface Settings {
  /** Tell others that their messages were read. */
  sendsReadReceipts: boolean
  /** Tell others that one is writing. */
  sendsTyping: boolean
  /** Show the people one talks with that one is connected, and be shown the same of them. */
  showsPresence: boolean
  /** How a terminal that shows something else is told of a message: not, by its bell, or by a notification of the desktop. */
  notifies: Notifies
}

export const NOTIFIES = ['off', 'bell', 'desktop'] as const
export type Notifies = (typeof NOTIFIES)[number]
