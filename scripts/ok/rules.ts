/** A path (`client/session.ts`), everything below a prefix (`client/tui/`, `node:`, `@hono/`), or a package (`jose`). */
export type Pattern = string

/** An arrow that must never be, as data: `arrows.ts` enforces, this table decides. */
export interface Rule {
  id: string
  /** Why, for whoever meets it. */
  reason: string
  /** The files that it binds … */
  from: readonly Pattern[]
  /** … apart from these. */
  except?: readonly Pattern[]
  /** Tests, contract suites and fixtures may do more than what ships; by default a rule binds only the latter. */
  binds?: 'production' | 'tests' | 'all'
  /** Binds also whatever the files import of ours, however far away. */
  reach?: boolean
  /** The only targets allowed. */
  only?: readonly Pattern[]
  /** Targets refused, apart from `but`. */
  never?: readonly Pattern[]
  but?: readonly Pattern[]
  /** Names refused of a module; so is taking all of it (`* as`, `import()`), which would hide them. */
  names?: { of: Pattern; never: RegExp }
  /** Code refused, see `findCode()`. */
  uses?: readonly string[]
}

const PURE = ['client/core/', 'server/core/', 'client/tui/update/', 'client/tui/view/'] as const
const VALIBOT = ['valibot', '@valibot/to-json-schema'] as const
const PRODUCT = ['client/', 'schema/', 'server/'] as const

export const RULES: readonly Rule[] = [
  {
    id: 'schema-alone',
    reason: 'the contract stands by itself: anyone may take it without our code',
    from: ['schema/'],
    only: ['schema/', ...VALIBOT],
  },
  {
    id: 'schema-tests-alone',
    reason: 'the vectors prove something only when they are checked without our code',
    from: ['schema/'],
    binds: 'tests',
    only: ['schema/', 'scripts/test/', ...VALIBOT, 'jose', 'uvu', 'fast-check', 'node:'],
  },
  {
    id: 'client-server',
    reason: 'client and server meet in schema/ and in scripts/e2e',
    from: ['client/'],
    binds: 'all',
    never: ['server/'],
  },
  {
    id: 'server-client',
    reason: 'client and server meet in schema/ and in scripts/e2e',
    from: ['server/'],
    binds: 'all',
    never: ['client/'],
  },
  {
    id: 'scripts-on-top',
    reason: 'scripts/ knows everything, so nothing may know scripts/',
    from: PRODUCT,
    never: ['scripts/'],
  },
  {
    id: 'tests-below-scripts',
    reason: 'of scripts/, a test beside its source needs the helpers in scripts/test only',
    from: PRODUCT,
    binds: 'tests',
    never: ['scripts/'],
    but: ['scripts/test/'],
  },
  {
    id: 'pure',
    reason: 'decisions are pure: IO stays at the edge, time and randomness are passed in',
    from: PURE,
    reach: true,
    only: ['client/', 'server/', 'schema/', 'valibot'],
    never: [
      ...['client/crypto/', 'client/net/', 'client/store/', 'client/session.ts', 'client/session/'],
      ...['client/main.ts', 'client/tui/terminal.ts', 'client/tui/run.ts'],
      ...['server/adapter/', 'server/config/', 'server/http/', 'server/main.ts'],
    ],
    uses: [
      ...['Deno.', 'process.', 'Date.now', 'new Date()', 'performance.now', 'Math.random'],
      ...['crypto.getRandomValues', 'crypto.randomUUID', 'crypto.subtle'],
      ...['setTimeout(', 'setInterval(', 'setImmediate(', 'fetch(', 'new WebSocket'],
    ],
  },
  {
    id: 'jose-in-crypto',
    reason: 'all cryptography of the client is in client/crypto, where it is reviewed',
    from: ['client/'],
    except: ['client/crypto/'],
    never: ['jose'],
  },
  {
    id: 'server-cannot-decrypt',
    reason: 'the server signs and verifies tokens; it never holds a key that opens anything',
    from: ['server/'],
    names: { of: 'jose', never: /crypt/i },
    uses: ['.decrypt(', 'createDecipheriv'],
  },
  {
    id: 'one-terminal',
    reason: 'terminal-kit has traps that one file closes',
    from: PRODUCT,
    except: ['client/tui/terminal.ts'],
    never: ['terminal-kit'],
  },
  {
    id: 'tui-sees-no-session',
    reason: 'the screen is a function of the model; only client/tui/run.ts knows the session',
    from: ['client/tui/', 'client/plain/'],
    except: ['client/tui/run.ts'],
    reach: true,
    never: [
      ...['client/session.ts', 'client/session/', 'client/store/', 'client/net/', 'client/crypto/'],
      'client/main.ts',
    ],
  },
  {
    id: 'session-without-screen',
    reason: 'everything that the screen can do works without one',
    from: [
      ...['client/session.ts', 'client/session/', 'client/core/', 'client/crypto/', 'client/net/'],
      'client/store/',
    ],
    reach: true,
    never: ['client/tui/'],
  },
  {
    id: 'config-reads-environment',
    reason: 'what configures a server is read, validated and documented in one place',
    from: ['server/'],
    except: ['server/config/'],
    names: { of: 'node:process', never: /^env$/ },
    uses: ['process.env', 'Deno.env'],
  },
  {
    id: 'mongodb-in-adapter',
    reason: 'the database is behind a port',
    from: PRODUCT,
    except: ['server/adapter/'],
    never: ['mongodb', 'mingo'],
  },
  {
    id: 'lmdb-in-stores',
    reason: 'native code is behind a port',
    from: PRODUCT,
    except: ['server/adapter/embedded/', 'client/store/'],
    never: ['lmdb'],
  },
  {
    id: 'client-without-server-framework',
    reason: 'the client speaks to a server, it is none',
    from: ['client/'],
    never: ['hono', '@hono/'],
  },
  {
    id: 'deno-in-adapter',
    reason: 'the same sources run on Node: use node: modules, or an adapter',
    from: PRODUCT,
    except: ['server/adapter/'],
    binds: 'all',
    uses: ['Deno.'],
  },
]
