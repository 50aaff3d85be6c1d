import prometheus from 'prom-client'
import type { Gauges, MetricsPort } from '../../port/metrics.ts'

/** Seconds: from a local batch to a database that hardly answers. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const ITEMS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** Metrics for Prometheus by prom-client; every name begins with `fastchat_`, those of the process with `process_` or `nodejs_`. */
export function createPrometheusMetrics(): MetricsPort {
  const registry = new prometheus.Registry()
  const registers = [registry]
  collectProcessMetrics(registry)
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new prometheus.Counter({ name: `fastchat_${name}_total`, help, labelNames, registers })
  const histogram = (name: string, help: string, options: { labelNames?: string[]; buckets: number[] }) =>
    new prometheus.Histogram({ name: `fastchat_${name}`, help, registers, ...options })
  const gauge = (name: string, help: string) =>
    new prometheus.Gauge({ name: `fastchat_${name}`, help, registers })

  const stored = counter('messages_stored', 'Messages on the disks of the majority')
  const delivered = counter('messages_delivered', 'Messages written to sockets')
  const acked = counter('messages_acked', 'Messages that devices have on their disks')
  const refused = counter('messages_refused', 'Messages refused, by error code', ['code'])
  const blobBytes = counter('blob_bytes', 'Bytes of attachments stored (up) and given (down)', ['direction'])
  const opened = counter('sockets_opened', 'WebSockets opened')
  const closed = counter('sockets_closed', 'WebSockets closed, by reason', ['reason'])
  const batchItems = histogram('batch_items', 'Items of one batch', { labelNames: ['kind'], buckets: ITEMS })
  const batchSeconds = histogram('batch_seconds', 'Time of one batch', {
    labelNames: ['kind'],
    buckets: SECONDS,
  })
  const requestSeconds = histogram('http_request_seconds', 'HTTP requests, by route and status', {
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
  })
  const connections = gauge('connections', 'Devices connected to this server')
  const inFlight = gauge('messages_in_flight', 'Messages written to sockets and not acked')
  const waiting = gauge('messages_waiting', 'Messages in the database that some device has not acked, about')
  const silence = gauge(
    'stream_silence_seconds',
    'Since the change stream last brought this server a heartbeat',
  )
  const lag = gauge('stream_lag_seconds', 'How long that heartbeat took from the database')

  function set(gauges: Gauges): void {
    connections.set(gauges.connections())
    inFlight.set(gauges.inFlight())
    waiting.set(gauges.waiting())
    silence.set(gauges.streamSilenceMs() / 1000)
    lag.set(gauges.streamLagMs() / 1000)
  }

  return {
    flushed({ kind, items, ms }) {
      batchItems.observe({ kind }, items)
      batchSeconds.observe({ kind }, ms / 1000)
    },
    stored: ({ count }) => stored.inc(count),
    delivered: () => delivered.inc(),
    acked: ({ count }) => acked.inc(count),
    refused: code => refused.inc({ code }),
    blobBytes: ({ direction, bytes }) => blobBytes.inc({ direction }, bytes),
    answered: ({ method, route, status, ms }) =>
      requestSeconds.observe({ method, route, status: String(status) }, ms / 1000),
    opened: () => opened.inc(),
    closed: reason => closed.inc({ reason }),
    async page(gauges) {
      set(gauges)
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

/** Those of the process. Deno lacks some of what they read: what it has not is left out. */
function collectProcessMetrics(register: prometheus.Registry): void {
  try {
    prometheus.collectDefaultMetrics({ register })
  } catch {
    register.clear()
    new prometheus.Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      registers: [register],
      collect() {
        this.set(process.memoryUsage().rss)
      },
    })
  }
}
