import { limits } from '../../../schema/limits.ts'
import { type CommandSpec, flag, type Given, readTimeout, readTo, value, wrong } from '../arguments.ts'

export interface SearchLine {
  command: 'search'
  query: string
  /** `@user`, `#group` or a bare id. */
  in?: string
  limit: number
  json: boolean
  timeoutMs: number
}

export interface ExportLine {
  command: 'export'
  /** `@user`, `#group` or a bare id. */
  whom?: string
  format: 'json' | 'text'
  /** A path, as it was written. */
  output?: string
  timeoutMs: number
}

const DEFAULT_LIMIT = 20
const DEFAULT_TIMEOUT_MS = 10_000

const search: CommandSpec<SearchLine> = {
  help: `search WORD…             Searches the messages of this device.
Usage: fastchat search WORD… [--in WHOM] [--limit N] [--json]
                       [--timeout SECONDS] [--as USER] [--server URL]...

Finds messages, captions and names of files that hold all words, whatever their
case and accents, or words that begin so; when there are none, words like them.
Also by who wrote, and whom the conversation is with. The best first, then the
newest. Nothing of requests, and of blocked people: name theirs with --in.
--in WHOM          @USER, #GROUP (in quotes, for the shell), or the id alone:
                   only in that conversation, the newest first
--limit N          at most so many, 1 to ${limits.maxSearchHits}; ${DEFAULT_LIMIT} when not given
--json             an object a line, as of fastchat export --json
--timeout SECONDS  how long to wait for what is new; 10 when not given. What is
                   known here is searched all the same.

Exit code 0 also when nothing is found; 3: there is no such conversation.`,
  options: { in: value, limit: value, json: flag, timeout: value },
  read({ values, positionals }) {
    const query = positionals.join(' ')
    if (query.trim() === '') throw wrong('search takes the words to be found')
    if (query.length > limits.maxQueryChars) {
      throw wrong(`search takes at most ${limits.maxQueryChars} characters`)
    }
    return {
      command: 'search',
      query,
      ...(values.in === undefined ? {} : { in: readTo(String(values.in)) }),
      limit: readLimit(values.limit),
      json: values.json === true,
      timeoutMs: timeoutOf(values),
    }
  },
}

const exportCommand: CommandSpec<ExportLine> = {
  help: `export [WHOM]            Writes messages of this device to a file or a pipe.
Usage: fastchat export [WHOM] [--json | --text] [--output FILE]
                       [--timeout SECONDS] [--as USER] [--server URL]...

WHOM               @USER, #GROUP (in quotes, for the shell), or the id alone;
                   without it all conversations but requests and those with
                   blocked people
--text             lines to be read, times in UTC (the default)
--json             an object a line (NDJSON), as of fastchat recv --json, and
                   "with"; where they apply "mine", "state", "reactions"
--output FILE      a new file that only you can read; one that is there is not
                   overwritten (exit code 2). Without it: standard output
--timeout SECONDS  how long to wait for what is new; 10 when not given. What is
                   known here is exported all the same.

An export is not encrypted, and what disappears here stays in it. Files are only
named: fastchat save fetches them.`,
  options: { json: flag, text: flag, output: value, timeout: value },
  read({ values, positionals }) {
    const [whom, ...more] = positionals
    if (more.length > 0) throw wrong('export takes one conversation, or none for all')
    if (values.json === true && values.text === true) throw wrong('--json and --text: one of them')
    if (values.output === '') throw wrong('--output takes the path of a file')
    return {
      command: 'export',
      ...(whom === undefined ? {} : { whom: readTo(whom) }),
      format: values.json === true ? 'json' : 'text',
      ...(values.output === undefined ? {} : { output: String(values.output) }),
      timeoutMs: timeoutOf(values),
    }
  },
}

export const searchCommands = { search, export: exportCommand }

function timeoutOf(values: Given['values']): number {
  return readTimeout(values.timeout) ?? DEFAULT_TIMEOUT_MS
}

function readLimit(given: Given['values'][string]): number {
  if (given === undefined) return DEFAULT_LIMIT
  const limit = /^[1-9]\d{0,4}$/.test(String(given)) ? Number(given) : Number.NaN
  if (limit <= limits.maxSearchHits) return limit
  throw wrong(`--limit takes how many messages, 1 to ${limits.maxSearchHits}`)
}
