// What Prometheus reads. The service counts in plain numbers as it goes; they are turned into metrics here, when
// somebody asks: a labelled call of prom-client costs about as much as parsing a line.
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client'
import type { CommitFigures } from './commit-figures.ts'
import { PlainHistogram } from './plain-histogram.ts'

/** The part of a pg.Pool that is looked at. */
export interface PoolFigures {
  totalCount: number
  idleCount: number
  waitingCount: number
}

export type Levels = Record<string, number | ReadonlyMap<string, number>>

export interface MetricSources {
  /**
   * An object that counts: each number in it becomes `culvert_drain_<name>_total`, each Map<string, number> the same
   * with the key as label `code`. A new counter is a new metric, nothing is to be written here.
   */
  drainCounters: object
  /** The same, of other rooms by their names: `culvert_<room>_<name>_total`. */
  counters?: Record<string, object>
  /** What goes up and down, by name: `culvert_drain_<name>`; a Map has its key as label `code`. */
  drainLevels(): Levels
  /** The same: `culvert_heroku_<name>`. */
  herokuLevels?(): Levels
  endpointsLevels?(): Levels
  viewerLevels?(): Levels
  commits: CommitFigures
  pools: Record<string, PoolFigures>
}

export interface Metrics {
  /** From the head of a delivery to its answer. */
  readonly deliverySeconds: PlainHistogram
  /** A request of any other room. */
  request(labels: { method: string; route: string; status: number }, seconds: number): void
  render(): Promise<{ contentType: string; text: string }>
}

/** Where something stands behind the name that the name does not say. */
const HELP: Record<string, string> = {
  stored: 'Deliveries answered 204 and stored.',
  duplicates: 'Deliveries answered 204 that were stored before.',
  lines: 'Lines of stored deliveries, with those that exclusion rules dropped.',
  bytes: 'Bytes of the bodies of stored deliveries.',
  malformedFrames: 'Lines kept raw because their frame was not as the protocol says.',
  tooManyLines: 'Lines above the 10,000 that are taken of one delivery: counted as a gap and not stored.',
  countMismatches: 'Deliveries whose Logplex-Msg-Count differs from the lines found.',
  refused: 'Deliveries answered with an error, by its code.',
  spooled: 'Deliveries answered 204 and written to local disk, to be stored later.',
  replayed: 'Deliveries of the spool that the database has taken.',
  overQuota: 'Deliveries answered 204 and not kept: the volume of the day was used up.',
  spoolBytes: 'Bytes on local disk that wait for the database.',
  queuedDeliveries: 'Deliveries waiting for a commit.',
  heldBytes: 'What deliveries in memory cost: bytes of bodies after decompression, at least 50 a line.',
  held: 'Deliveries answered 204 and put aside, because the owner of their drain token was unknown.',
  grantsLost: 'OAuth grants that died before they could be exchanged: their resources cannot be asked about.',
  provisionsPending: 'Asynchronous provisions that Heroku waits for.',
  provisionsStuck:
    'Asynchronous provisions that Heroku has waited for longer than an hour; it gives up after twelve.',
  provisionsOverdue:
    'Asynchronous provisions that took longer than an hour, or lost their grant: each is counted once.',
  webhooksRefused: 'Webhook deliveries that were not signed as agreed.',
  evaluated: 'Alerts looked at.',
  undecided: 'Alerts looked at that had too many lines to count in time, or failed.',
  fired: 'Alerts that began to fire and said so.',
  recovered: 'Alerts that stopped firing and said so.',
  delivered: 'Messages of alerts that a webhook or a mail server took.',
  deliveriesFailed: 'Tries to deliver a message that failed.',
  givenUp: 'Messages of alerts undelivered after an hour, or refused by their receiver.',
  sentLines: 'Lines that log endpoints took.',
  posts: 'Requests that log endpoints took.',
  postsFailed: 'Requests that log endpoints did not take, by status or cause.',
  cutLines: 'Lines sent to log endpoints that were too long for a frame.',
  lostLines: 'Lines that log endpoints refused for good, or did not take for hours.',
  streams: 'Log endpoints that lines are sent to.',
  lagSeconds: 'How long ago the oldest line was stored that waits for its log endpoint.',
  waitingLines: 'Stored lines that wait to be looked at for a log endpoint.',
  connectionsCut: 'Connections cut off: too many requests without waiting for the answers.',
  droppedLines: 'Lines that exclusion rules dropped.',
  droppedBytes: 'Bytes of the lines that exclusion rules dropped.',
  unreadLines: 'Lines kept without asking the exclusion rules, which had used up their time.',
  logInputDropped: 'Lines for apps’ logs that could not be written, by reason.',
  logInputQueued: 'Lines that wait to be written into apps’ logs.',
  reconcileFindings:
    'What the last comparison with Heroku’s list of installs found, by kind. The same everywhere.',
  refusedDeliveries: 'Deliveries answered 503 that may come again; then written down as gaps.',
  spoolFull: 'Deliveries answered 503 because neither the database nor the spool took them.',
  spoolRejected: 'Deliveries whose data the database refuses, set aside as .rejected files and tried again.',
  spoolRejectedStored: 'Deliveries that were set aside and are stored now.',
  spoolRejectedLost:
    'Deliveries answered 204 that the database refuses and that found no room to be set aside.',
  spoolRejectedFiles: 'Deliveries that are set aside on local disk.',
  spoolRejectedBytes: 'Their bytes on local disk; not a part of culvert_drain_spool_bytes.',
  spoolRejectedAgeSeconds: 'How long the oldest of them has been there.',
  spoolPostponed:
    'Spooled deliveries that failed while others were stored, and are tried again by themselves.',
  heldRefused: 'Tries to store a held delivery whose data the database refuses.',
  spoolCorrupt: 'Damaged places found in the spool.',
  tailReaders: 'People and programs that read live.',
  tailLines: 'Lines given to live readers.',
  tailLinesParsed: 'Lines taken apart for live readers: once for all readers of a resource.',
  tailSkipped: 'Lines that live readers were told of as skipped: too many at once, or the reader too slow.',
  tailsEnded: 'Live readings that ended.',
  tailsRefused: 'Live readings answered 503: too many at once.',
  tailLooksFailed: 'Looks at what is new for live readers that failed and were made again.',
  spoolEnded: 'Spooled deliveries dropped because their resource had ended and its lines had been deleted.',
}

/** Logplex gives up after 5 s and we answer after 4: the last bounds tell held from lost. */
const DELIVERY_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 4.5, 5]
const REQUEST_BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 3, 10]

/**
 * Of the process, whatever number of services it runs: each collection of them would keep an observer of the
 * garbage collector and a timer of the event loop, and there is no way to end these.
 */
let processRegistry: Registry | undefined

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const registers = [registry]
  addCounters(registry, 'drain', sources.drainCounters)
  for (const [room, counters] of Object.entries(sources.counters ?? {})) addCounters(registry, room, counters)
  addLevels(registry, 'drain', sources.drainLevels)
  addLevels(registry, 'heroku', sources.herokuLevels ?? (() => ({})))
  addLevels(registry, 'endpoints', sources.endpointsLevels ?? (() => ({})))
  addLevels(registry, 'viewer', sources.viewerLevels ?? (() => ({})))

  const deliverySeconds = new PlainHistogram(DELIVERY_BOUNDS)
  addHistogram(registry, 'culvert_delivery_seconds', 'Time to the answer of a delivery.', deliverySeconds)
  const { commits } = sources
  addHistogram(registry, 'culvert_commit_seconds', 'Time that a commit of deliveries took.', commits.seconds)
  addHistogram(registry, 'culvert_commit_lines', 'Lines in one commit.', commits.lines)
  new Counter({
    name: 'culvert_commit_failures_total',
    help: 'Commits that failed; each is tried again or split.',
    registers,
    collect() {
      this.reset()
      this.inc(commits.failures)
    },
  })

  const requests = new Histogram({
    name: 'culvert_request_seconds',
    help: 'Time to the answer of a request that is not a delivery.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BOUNDS,
    registers,
  })
  new Gauge({
    name: 'culvert_database_connections',
    help: 'Connections of a pool that are in use or idle, and callers waiting for one.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(sources.pools)) {
        this.set({ pool, state: 'used' }, totalCount - idleCount)
        this.set({ pool, state: 'idle' }, idleCount)
        this.set({ pool, state: 'waiting' }, waitingCount)
      }
    },
  })

  processRegistry ??= collectProcess()
  const all = Registry.merge([processRegistry, registry])
  return {
    deliverySeconds,
    request: (labels, seconds) => requests.observe(labels, seconds),
    render: async () => ({ contentType: all.contentType, text: await all.metrics() }),
  }
}

function collectProcess(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

function addCounters(registry: Registry, room: string, counters: object): void {
  const names = Object.entries(counters)
  for (const [name, first] of names) {
    if (typeof first !== 'number' && !(first instanceof Map)) continue
    new Counter({
      name: `culvert_${room}_${snakeCase(name)}_total`,
      help: helpFor(name, room),
      labelNames: typeof first === 'number' ? [] : ['code'],
      registers: [registry],
      collect() {
        this.reset()
        const value: unknown = (counters as Record<string, unknown>)[name]
        if (typeof value === 'number') this.inc(value)
        else if (value instanceof Map) for (const [code, count] of value) this.inc({ code }, count)
      },
    })
  }
}

function addLevels(registry: Registry, room: string, levels: () => Levels): void {
  for (const [name, first] of Object.entries(levels())) {
    new Gauge({
      name: `culvert_${room}_${snakeCase(name)}`,
      help: helpFor(name, room),
      labelNames: typeof first === 'number' ? [] : ['code'],
      registers: [registry],
      collect() {
        this.reset()
        const value = levels()[name] ?? 0
        if (typeof value === 'number') this.set(value)
        else for (const [code, level] of value) this.set({ code }, level)
      },
    })
  }
}

/** prom-client has no histogram that is filled when asked; of a metric it asks for nothing but name and get(). */
function addHistogram(registry: Registry, name: string, help: string, histogram: PlainHistogram): void {
  const metric = {
    name,
    async get() {
      const { buckets, sum, count } = histogram.state()
      const values = [
        ...buckets.map(([bound, value]) => ({
          metricName: `${name}_bucket`,
          labels: { le: Number.isFinite(bound) ? bound : '+Inf' },
          value,
        })),
        { metricName: `${name}_sum`, labels: {}, value: sum },
        { metricName: `${name}_count`, labels: {}, value: count },
      ]
      return { name, help, type: 'histogram', aggregator: 'sum', values }
    },
  }
  registry.registerMetric(metric as unknown as Metric)
}

function helpFor(name: string, room = 'drain'): string {
  return HELP[name] ?? `The ${room} room's ${snakeCase(name).replaceAll('_', ' ')}.`
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
