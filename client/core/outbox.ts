import { errorTable, isErrorCode } from '../../schema/errors.ts'

/** What to do with a message that a server refused: seal it for other devices, send it again later, or give it up. */
export type AfterRefusal = 'reseal' | 'retry' | 'fail'

/** Only a code that this version does not know is judged by what the server says of it. */
export function afterRefusal({ code, retry }: { code: string; retry: boolean }): AfterRefusal {
  if (code === 'stale_audience') return 'reseal'
  const again = isErrorCode(code) ? errorTable[code].retry : retry
  return again ? 'retry' : 'fail'
}
