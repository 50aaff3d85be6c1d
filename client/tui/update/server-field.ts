import * as v from 'valibot'
import { ServerUrl } from '../../../schema/http.ts'
import type { ServerMeasure } from '../../chat.ts'
import type { KnownServer, StartScreen } from '../model.ts'
import type { Command } from '../msg.ts'
import { fieldOf } from '../text-field.ts'

/** Whether it is an address; `http://` and `https://` are taken for those of a server, too. */
export function isServerAddress(typed: string): boolean {
  return v.is(ServerUrl, typed.replace(/^http(s?):\/\//i, 'ws$1://'))
}

/** Puts the next or previous known server into the field; before the first is "the nearest". */
export function withServer(start: StartScreen, step: 1 | -1): StartScreen {
  const { form, servers } = start
  const options = ['', ...servers.map(({ url }) => url)]
  const at = options.indexOf(form.server.text)
  const url = options[(Math.max(0, at) + step + options.length) % options.length] ?? ''
  const { server: _, form: __, ...errors } = form.errors
  return { ...start, form: { ...form, server: fieldOf(url), errors } }
}

/** Has a server measured that was typed, once its field is left. */
export function measureTyped({ form, servers }: StartScreen): Command[] {
  const url = form.server.text.trim()
  const isKnown = servers.some(server => server.url === url)
  const isNew = form.focus === 'server' && url !== '' && !isKnown && isServerAddress(url)
  return isNew ? [{ type: 'measure-servers', url }] : []
}

/** What was measured; a server that nobody knew comes last. */
export function withMeasure(
  servers: readonly KnownServer[],
  { server: found, isOwn }: { server: ServerMeasure; isOwn: boolean },
): readonly KnownServer[] {
  return servers.some(({ url }) => url === found.url)
    ? servers.map(server => (server.url === found.url ? { ...server, ...found } : server))
    : [...servers, { ...found, isOwn }]
}
