import { FastChatError } from '../../schema/errors.ts'
import { ServerUrl } from '../../schema/http.ts'
import { parse } from '../../schema/parse.ts'

/**
 * A server's address in the one form in which addresses are compared: no slash at the end.
 *
 * @param typed `ws://host[:port]` or `wss://…`; `http://` and `https://` are taken for them
 * @throws FastChatError `usage`
 */
export function normalizeServerUrl(typed: string): string {
  const url = typed.trim().replace(/^http(s?):\/\//i, 'ws$1://')
  parse(ServerUrl, url, { what: 'server URL', code: 'usage' })
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new FastChatError('usage', 'Cannot read server URL: a server URL is ws://host[:port]')
  }
  return parsed.href.replace(/\/+$/, '')
}

/** Where a route of the server is asked: `ws://a` and `/v1/token` give `http://a/v1/token`. */
export function httpUrl(serverUrl: string, path: string): string {
  return serverUrl.replace(/^ws(s?):\/\//, 'http$1://').replace(/\/+$/, '') + path
}

/** Where the socket is. */
export function socketUrl(serverUrl: string): string {
  return `${serverUrl.replace(/\/+$/, '')}/v1/socket`
}
