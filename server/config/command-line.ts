import { parseArgs } from 'node:util'
import { FastChatError } from '../../schema/errors.ts'
import { MAX_BLOB_MIB, readMebibytes } from './size.ts'
import { normalizeUrl } from './url.ts'

export interface ServeFlags {
  port: number
  host: string
  url: string | undefined
  dataDir: string | undefined
  /** The largest attachment, bytes. */
  maxBlobBytes: number | undefined
}

export interface DbFlags {
  port: number
  host: string
  dataDir: string | undefined
}

export const serveHelp = `Usage: fastchat serve [--port 8080] [--host 127.0.0.1] [--url ws://HOST:PORT] [--data DIR]
                      [--max-blob-mib 25]

Runs a FastChat server, on the database that MONGODB_URI names, else on an embedded one in DIR.

  --port N     port to listen on; 0 takes any free one (default 8080)
  --host A     address to listen on; 0.0.0.0 for all of this machine (default 127.0.0.1)
  --url URL    address that clients are told, for example wss://chat.example.org
  --data DIR   where the embedded database keeps its files
  --max-blob-mib N  the largest attachment, encrypted, 1 to 1024 MiB (default 25)

Environment: MONGODB_URI, FASTCHAT_DATA, FASTCHAT_LOG, FASTCHAT_TRUST_PROXY, FASTCHAT_MAX_BLOB_MIB (see
server/README.md)
`

export const dbHelp = `Usage: fastchat db [--port 27019] [--host 127.0.0.1] [--data DIR]

Runs the embedded database alone and prints its URI, for several servers and for mongosh.

  --port N     port to listen on; 0 takes any free one (default 27019)
  --host A     address to listen on (default 127.0.0.1; it asks nobody for a password)
  --data DIR   where it keeps its files

Environment: FASTCHAT_DATA
`

/** @returns undefined when help is asked for @throws FastChatError `usage` */
export function readServeFlags(argv: readonly string[]): ServeFlags | undefined {
  const values = readFlags(argv, ['port', 'host', 'url', 'data', 'max-blob-mib'])
  if (!values) return undefined
  return {
    port: readPort(values.port ?? '8080'),
    host: values.host ?? '127.0.0.1',
    url: values.url === undefined ? undefined : normalizeUrl(values.url),
    dataDir: values.data,
    maxBlobBytes: readMaxBlob(values['max-blob-mib']),
  }
}

/** @returns undefined when help is asked for @throws FastChatError `usage` */
export function readDbFlags(argv: readonly string[]): DbFlags | undefined {
  const values = readFlags(argv, ['port', 'host', 'data'])
  if (!values) return undefined
  return {
    port: readPort(values.port ?? '27019'),
    host: values.host ?? '127.0.0.1',
    dataDir: values.data,
  }
}

function readFlags(argv: readonly string[], names: readonly string[]): Record<string, string> | undefined {
  let values: Record<string, string | boolean | undefined>
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(names.map(name => [name, { type: 'string' as const }])),
        help: { type: 'boolean', short: 'h' },
      },
      strict: true,
      allowPositionals: false,
    }).values
  } catch {
    const known = names.map(name => `--${name}`).join(', ')
    throw new FastChatError(
      'usage',
      `Cannot read the command line: the flags are ${known}, each with a value`,
    )
  }
  if (values.help) return undefined
  const found = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )
  const empty = found.find(([, value]) => value === '')
  if (empty) throw new FastChatError('usage', `Cannot read --${empty[0]}: it is empty`)
  return Object.fromEntries(found)
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new FastChatError('usage', 'Cannot read --port: it is a number from 0 to 65535')
}

function readMaxBlob(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : readMebibytes(text)
  if (!Number.isNaN(bytes)) return bytes
  throw new FastChatError('usage', `Cannot read --max-blob-mib: it is a number from 1 to ${MAX_BLOB_MIB}`)
}
