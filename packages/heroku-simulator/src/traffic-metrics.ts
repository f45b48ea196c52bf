// The periodic lines of Heroku and add-ons: runtime metrics of dynos, metrics of the database. Pure.
import type { TrafficStage } from './traffic-stage.ts'

/** Labs log-runtime-metrics: two lines for each dyno about every 20 seconds. */
export function dynoMetrics({ random, state, emit }: TrafficStage, process: string): void {
  // A dyno keeps its id until the next release; a fork draws the same id each time.
  const id = random.fork(`${process} v${state.release}`).uuid()
  const dyno = `source=${process} dyno=heroku.322071457.${id}`
  const say = (afterMicros: number, samples: string) =>
    emit(afterMicros, { priority: 134, source: 'heroku', process, message: `${dyno} ${samples}` })
  const load = () => (random.next() * 0.9).toFixed(2)
  say(0, `sample#load_avg_1m=${load()} sample#load_avg_5m=${load()} sample#load_avg_15m=${load()}`)

  state.memoryMegabytes = Math.min(505, state.memoryMegabytes + random.next() * 2)
  const total = state.memoryMegabytes + random.next() * 5
  say(
    random.int(10, 400),
    `sample#memory_total=${total.toFixed(2)}MB sample#memory_rss=${(total - 9).toFixed(2)}MB ` +
      `sample#memory_cache=8.71MB sample#memory_swap=0.00MB sample#memory_pgpgin=${random.int(90_000, 400_000)}pages ` +
      `sample#memory_pgpgout=${random.int(60_000, 90_000)}pages sample#memory_quota=512.00MB`,
  )
}

/** Heroku Postgres writes these about once a minute, with a time in whole seconds. */
export function databaseMetrics({ random, emit }: TrafficStage): void {
  emit(0, {
    priority: 134,
    source: 'app',
    process: 'heroku-postgres',
    message:
      `source=DATABASE addon=postgresql-curly-41233 sample#current_transaction=${random.int(800_000, 900_000)} ` +
      `sample#db_size=${random.int(9_000_000, 9_900_000)}bytes sample#tables=21 ` +
      `sample#active-connections=${random.int(4, 18)} sample#waiting-connections=0 ` +
      `sample#index-cache-hit-rate=0.99${random.int(100, 999)} sample#table-cache-hit-rate=0.98${random.int(100, 999)} ` +
      `sample#load-avg-1m=0.0${random.int(1, 9)} sample#read-iops=${random.int(0, 30) / 10} ` +
      `sample#write-iops=${random.int(0, 90) / 10} sample#memory-total=3944484kB sample#memory-free=${random.int(90_000, 150_000)}kB ` +
      `sample#memory-postgres=${random.int(22_000, 24_000)}kB sample#wal-percentage-used=0.06${random.int(10, 99)}`,
  })
}
