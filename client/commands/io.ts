/** What a command reads from and writes to. */
export interface Io {
  /**
   * Writes to standard output; resolves when it was taken.
   *
   * @throws OutputClosed when nobody reads it any more.
   */
  print(text: string): Promise<void>
  /** One line to standard error. */
  warn(line: string): void
  /** Whether standard output is a terminal. */
  isTerminal(): boolean
  /** Shows a line on standard error in place of the one before; null takes it away. Nothing when that is no terminal. */
  progress(line: string | null): void
  /** Standard input to its end. @throws FastChatError `too_large`. */
  readInput(options: { maxBytes: number }): Promise<Uint8Array>
  /** Asks on the terminal, without showing what is typed. @throws FastChatError `no_terminal`; Interrupted. */
  askSecret(question: string): Promise<string>
  /** Asks on the terminal; only what begins with `y` is a yes. @throws FastChatError `no_terminal`; Interrupted. */
  confirm(question: string): Promise<boolean>
}

/** The reader of our output has gone (`recv | head -1`): no error, only the end. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** The person pressed Ctrl-C where a command was asking. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
