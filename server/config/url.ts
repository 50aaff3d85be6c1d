import { FastChatError } from '../../schema/errors.ts'
import { ServerUrl } from '../../schema/http.ts'
import { parse } from '../../schema/parse.ts'

/** The address that clients are told, without a slash at its end. @throws FastChatError `usage` */
export function normalizeUrl(typed: string): string {
  const url = typed.replace(/^http(s?):\/\//i, 'ws$1://').replace(/\/+$/, '')
  if (!URL.canParse(url)) {
    throw new FastChatError(
      'usage',
      'Cannot read --url: a server URL is ws://host[:port] or wss://host[:port]',
    )
  }
  return parse(ServerUrl, url, { what: '--url', code: 'usage' })
}
