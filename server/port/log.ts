/**
 * Where a server writes what an operator needs. Fields never hold a token, a key, a password, an `authKey` or a body;
 * URLs are logged without their query.
 */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

/** What an error may show in a log: its name, code and message, never its cause's data. */
export function errorFields(error: unknown): { error: string; code?: unknown } {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = (error as { code?: unknown }).code
  return { error: `${error.name}: ${error.message}`, ...(code === undefined ? {} : { code }) }
}
