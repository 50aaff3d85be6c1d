/** What is measured. A variant is a process of its own, and gives one or more figures. */
export interface Figure {
  id: string
  label: string
  unit: 'ms' | 'µs' | 'MB' | 'KiB' | 'msg/s' | 'inserts/s' | '%'
  /** What it should be at most, or for a rate at least. */
  target?: number
  /** The figure to which it is set in relation: measured in the same run, on the same machine. */
  ceiling?: string
}

export interface Variant {
  name: string
  what: string
  figures: readonly Figure[]
}

/** The largest time for which nothing else had its turn. */
const block = (id: string, label: string): Figure => ({
  id: `${id}-block`,
  label: `${label}: longest wait of a key`,
  unit: 'ms',
  target: 16,
})
const KEY_MS = 16

export const VARIANTS: readonly Variant[] = [
  {
    name: 'terminal',
    what: 'the real program in a pseudo-terminal, 10,000 messages in one conversation, 1,000 conversations',
    figures: [
      { id: 'start', label: 'start to first screen', unit: 'ms', target: 1000 },
      { id: 'start-chat', label: 'start to the conversation', unit: 'ms' },
      { id: 'key-p50', label: 'key to screen, p50', unit: 'ms', target: KEY_MS },
      { id: 'key-p99', label: 'key to screen, p99', unit: 'ms', target: KEY_MS },
      { id: 'scroll-p50', label: 'PageUp to screen, p50', unit: 'ms', target: KEY_MS },
      { id: 'scroll-p99', label: 'PageUp to screen, p99', unit: 'ms', target: KEY_MS },
      { id: 'search-key-p99', label: 'key to screen in the search of all, p99', unit: 'ms', target: KEY_MS },
      { id: 'memory', label: 'memory', unit: 'MB', target: 150 },
    ],
  },
  {
    name: 'messages',
    what: 'a message of 200 characters sealed and opened',
    figures: [
      { id: 'encrypt', label: 'message encrypted', unit: 'µs' },
      { id: 'decrypt', label: 'message decrypted', unit: 'µs' },
    ],
  },
  {
    name: 'chains',
    what: 'a chain made for devices: their prekeys verified, the announcement sealed',
    figures: [10, 100, 500].flatMap(devices => [
      { id: `chain-${devices}`, label: `chain to ${devices} devices`, unit: 'ms' as const },
      block(`chain-${devices}`, `chain to ${devices} devices`),
    ]),
  },
  {
    name: 'password',
    what: 'Argon2id with the parameters of a new account',
    figures: [
      { id: 'password', label: 'password derived', unit: 'ms' },
      block('password', 'password derived'),
      { id: 'prekeys', label: '100 prekeys made', unit: 'ms' },
      block('prekeys', '100 prekeys made'),
    ],
  },
  {
    name: 'search',
    what: '10,000 messages indexed and searched',
    figures: [
      { id: 'index', label: '10,000 messages indexed', unit: 'ms' },
      block('index', '10,000 messages indexed'),
      { id: 'search', label: 'searched again', unit: 'ms' },
    ],
  },
  {
    name: 'history',
    what: '10,000 messages given to another device of the account',
    figures: [
      { id: 'history-out', label: '10,000 messages written as history', unit: 'ms' },
      block('history-out', '10,000 messages written as history'),
      { id: 'history-in', label: '10,000 messages taken in', unit: 'ms' },
      block('history-in', '10,000 messages taken in'),
    ],
  },
  {
    name: 'ceiling',
    what: 'a bare Hono and node-ws relay in memory, 1.6 KB a message',
    figures: [
      { id: 'ceiling', label: 'bare relay, 50 pairs, window 8', unit: 'msg/s' },
      { id: 'ceiling-pair', label: 'bare relay, one pair, window 64', unit: 'msg/s' },
      { id: 'ceiling-idle', label: 'bare relay, memory of an idle connection', unit: 'KiB' },
    ],
  },
  {
    name: 'one-server',
    what: 'stored on disk before `stored`, acknowledged and deleted after; 50 pairs, window 8',
    figures: [
      { id: 'one', label: 'one server, durable', unit: 'msg/s', ceiling: 'ceiling' },
      { id: 'one-p50', label: 'one server, under that load, p50', unit: 'ms' },
      { id: 'one-window-1-p50', label: 'one server, one message at a time, p50', unit: 'ms' },
      { id: 'one-window-1-p99', label: 'one server, one message at a time, p99', unit: 'ms' },
    ],
  },
  {
    name: 'two-servers',
    what: 'the same, the sender at one server, the recipient at the other',
    figures: [
      { id: 'two', label: 'two servers, durable', unit: 'msg/s', ceiling: 'ceiling' },
      { id: 'two-p50', label: 'two servers, under that load, p50', unit: 'ms' },
      { id: 'two-window-1-p50', label: 'two servers, one message at a time, p50', unit: 'ms' },
      { id: 'two-window-1-p99', label: 'two servers, one message at a time, p99', unit: 'ms' },
    ],
  },
  {
    name: 'idle',
    what: 'connections that say nothing, and five servers with nothing to do',
    figures: [
      {
        id: 'idle-connection',
        label: 'memory of an idle connection',
        unit: 'KiB',
        ceiling: 'ceiling-idle',
      },
      { id: 'idle-cpu', label: 'five idle servers, of one core each', unit: '%' },
    ],
  },
  {
    name: 'database',
    what: 'the embedded database, through the driver',
    figures: [
      { id: 'inserts', label: 'inserts, in batches of 200 x 1.5 KB', unit: 'inserts/s' },
      { id: 'event-p50', label: 'insert to its event, p50', unit: 'ms' },
      { id: 'event-p99', label: 'insert to its event, p99', unit: 'ms' },
    ],
  },
]

/** How much of everything: a short run tells only whether it works. */
export interface Amount {
  messages: number
  conversations: number
  keys: number
  rounds: number
  /** Of a steady load; a part of it before is not counted. */
  loadMs: number
  pairs: number
  connections: number
  idleMs: number
  devices: readonly number[]
}

export const FULL: Amount = {
  messages: 10_000,
  conversations: 1_000,
  keys: 300,
  rounds: 500,
  loadMs: 6_000,
  pairs: 50,
  connections: 1_000,
  idleMs: 15_000,
  devices: [10, 100, 500],
}

export const QUICK: Amount = {
  messages: 500,
  conversations: 20,
  keys: 20,
  rounds: 20,
  loadMs: 600,
  pairs: 4,
  connections: 20,
  idleMs: 500,
  devices: [10, 100, 500],
}
