import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { currentRuntime, type Runtime } from '../test/runtimes.ts'
import { type Ended, type Program, type ProgramOptions, runProgram, startProgram } from './program.ts'

/** A server of the world. */
export interface Host {
  readonly url: string
  readonly program: Program
  readonly runtime: Runtime
}

/** A person at a machine of their own: one home, one password, the servers they know. */
export interface Person {
  readonly userId: string
  readonly home: string
  readonly password: string
  readonly runtime: Runtime
  /** Runs a client command to its end, with the password in the environment. */
  run(args: readonly string[], options?: ProgramOptions): Promise<Ended>
  /** Starts a client command. */
  start(args: readonly string[], options?: ProgramOptions): Program
}

/** One database and all around it, made of real processes. `close` ends everything and removes the files. */
export interface World {
  readonly folder: string
  /** Where the database keeps its files; undefined with `MONGODB_URI`, where they are another machine's. */
  readonly dataDir: string | undefined
  /** The program that is the database; undefined with `MONGODB_URI`. */
  readonly database: Program | undefined
  readonly mongoUri: string
  readonly client: MongoClient
  serve(options?: { runtime?: Runtime; args?: readonly string[] }): Promise<Host>
  person(
    userId: string,
    options: { servers: readonly Host[]; runtime?: Runtime; home?: string; password?: string },
  ): Person
  close(): Promise<void>
}

/** The runtime that this test does not run on: a world uses both, so that they are proved to fit together. */
export function otherRuntime(): Runtime {
  return currentRuntime() === 'node' ? 'deno' : 'node'
}

/** Makes a world with an empty database: `fastchat db`, or a database of its own on `MONGODB_URI`. */
export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-e2e-'))
  const programs: Program[] = []
  const { uri, database, dataDir } = await findDatabase(folder)
  if (database) programs.push(database)
  const client = await new MongoClient(uri).connect()
  return {
    folder,
    dataDir,
    database,
    mongoUri: uri,
    client,
    async serve({ runtime = currentRuntime(), args = [] } = {}) {
      const program = startProgram(runtime, ['serve', '--port', '0', ...args], { env: { MONGODB_URI: uri } })
      programs.push(program)
      const [url] = await program.waitForOutput(/ws:\/\/\S+/)
      return { url, program, runtime }
    },
    person(userId, { servers, runtime = currentRuntime(), home, password }) {
      const own = {
        home: home ?? join(folder, `home-${userId}-${randomBytes(4).toString('hex')}`),
        password: password ?? `pw-${randomBytes(12).toString('hex')}`,
      }
      const env = {
        FASTCHAT_HOME: own.home,
        FASTCHAT_PASSWORD: own.password,
        FASTCHAT_SERVERS: servers.map(server => server.url).join(','),
        MONGODB_URI: undefined,
      }
      return {
        userId,
        ...own,
        runtime,
        run: (args, options = {}) =>
          runProgram(runtime, args, { ...options, env: { ...env, ...options.env } }),
        start(args, options = {}) {
          const program = startProgram(runtime, args, { ...options, env: { ...env, ...options.env } })
          programs.push(program)
          return program
        },
      }
    },
    async close() {
      if (!database)
        await client
          .db()
          .dropDatabase()
          .catch(() => undefined)
      await client.close()
      await Promise.all(programs.map(program => program.stop('SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A world with two servers: the first on the runtime that this test does not run on, the second on the one that it does.
 * Run on both, every pairing is covered.
 */
export async function createTwoServers(): Promise<{ world: World; first: Host; second: Host }> {
  const world = await createWorld()
  const [first, second] = await Promise.all([
    world.serve({ runtime: otherRuntime() }),
    world.serve({ runtime: currentRuntime() }),
  ])
  return { world, first, second }
}

/** Makes the account of each. */
export async function signUp(...people: readonly Person[]): Promise<void> {
  await Promise.all(people.map(person => succeed(person, ['signup', person.userId])))
}

async function findDatabase(
  folder: string,
): Promise<{ uri: string; database?: Program; dataDir: string | undefined }> {
  const given = process.env.MONGODB_URI
  if (given) {
    const uri = new URL(given)
    uri.pathname = `/fastchat_e2e_${randomBytes(6).toString('hex')}`
    return { uri: uri.href, dataDir: undefined }
  }
  const dataDir = join(folder, 'db')
  const database = startProgram(currentRuntime(), ['db', '--port', '0', '--data', dataDir])
  const [uri] = await database.waitForOutput(/mongodb:\/\/\S+/)
  const named = new URL(uri)
  named.pathname = '/fastchat'
  return { uri: named.href, database, dataDir }
}

/** Runs a client command that must end well. @returns what it printed */
export async function succeed(
  person: Person,
  args: readonly string[],
  options?: ProgramOptions,
): Promise<string> {
  const done = await person.run(args, options)
  if (done.code === 0) return done.stdout
  throw new Error(`fastchat ${args.join(' ')} of ${person.userId} ended with ${done.code}: ${done.stderr}`)
}

/** One printed line of `fastchat recv --json`. */
export interface ReceivedLine {
  id: string
  from: string
  conversation: string
  sentAt: string
  receivedAt: string
  /** null for what has no text; see client/README.md. */
  text: string | null
  request?: true
  deleted?: true
  edited?: true
  replyTo?: string
  group?: string
  path?: string
}

/** The lines of NDJSON that a program has printed so far, as objects. An unfinished last line is left out. */
export function jsonLines<T>(printed: string): T[] {
  return printed
    .split('\n')
    .slice(0, -1)
    .filter(Boolean)
    .map(line => JSON.parse(line) as T)
}

/** The same for what `fastchat recv --json` prints. */
export function received(printed: string): ReceivedLine[] {
  return jsonLines(printed)
}
