import type { CloseReason, ErrorCode } from '../../schema/errors.ts'

/**
 * What an operator counts and times. Nothing here names a person, a device or an address: labels are codes, routes and
 * reasons only.
 */
export interface Metrics {
  /** A batch went to the database: so many items, so long. */
  flushed(batch: { kind: 'insert' | 'ack'; items: number; ms: number }): void
  /** Messages are on the disks of the majority. */
  stored(messages: { count: number }): void
  /** A message was written to a device's socket. */
  delivered(): void
  acked(messages: { count: number }): void
  refused(code: ErrorCode): void
  /** Bytes of attachments came in (and are stored) or went out. */
  blobBytes(moved: { direction: 'up' | 'down'; bytes: number }): void
  answered(request: { method: string; route: string; status: number; ms: number }): void
  opened(): void
  closed(reason: CloseReason | 'peer'): void
}

/** What is asked for only when somebody looks. */
export interface Gauges {
  /** Devices that are connected here. */
  connections(): number
  /** Messages written to sockets here that no device has acked yet. */
  inFlight(): number
  /** Messages of all servers that wait in the database, about; NaN when it does not answer. */
  waiting(): number
  /** Since the change stream last brought this server's own heartbeat, ms. */
  streamSilenceMs(): number
  /** How long that heartbeat took from the database to here, ms. */
  streamLagMs(): number
}

/** What Prometheus reads. */
export interface MetricsPage {
  contentType: string
  text: string
}

export interface MetricsPort extends Metrics {
  page(gauges: Gauges): Promise<MetricsPage>
}

/** Counts nothing: for tests, and where nobody looks. */
export const noMetrics: MetricsPort = {
  flushed: () => undefined,
  stored: () => undefined,
  delivered: () => undefined,
  acked: () => undefined,
  refused: () => undefined,
  blobBytes: () => undefined,
  answered: () => undefined,
  opened: () => undefined,
  closed: () => undefined,
  page: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
}
