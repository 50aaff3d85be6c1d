/**
 * Whether a terminal can only be written to line by line: TERM is `dumb`, or says nothing (a serial line, an editor's shell).
 * On Windows no terminal has that variable.
 */
export function isLineTerminal(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): boolean {
  if (!env.TERM) return platform !== 'win32'
  return /^(dumb|unknown|emacs|network|dialup)$/.test(env.TERM)
}
