// The table of lines in ClickHouse. Times are microseconds since 1970 in 64 bits, as everywhere in the code; one row holds
// what a row of Postgres' log_line holds, and who wrote it.
import { DAY_MICROS } from '../utc-day.ts'
import type { ClickHouse } from './clickhouse.ts'
import { EVERY_TEXT, GRAM_LETTERS } from './query/dialect.ts'

export const TABLE = 'log_line'

/** In the order in which rows are written. */
export const COLUMNS = [
  'resource_number',
  'sent_at',
  'received_at',
  'drain_id',
  'priority',
  'form',
  'retention_days',
  'source',
  'process',
  'message',
  'original',
  'writer',
  'batch',
] as const

// Codecs and index by measurement, and what was tried: docs/decisions/0008-four-letter-index.md. 0.127 of the frames' bytes in
// all, 0.010 of it the index; 20.4 of 26 bytes a line are messages.
const DEFINITIONS = `
  resource_number UInt32 codec(ZSTD(1)),
  sent_at Int64 codec(Delta, T64, ZSTD(1)),
  received_at Int64 codec(Delta, ZSTD(3)),
  drain_id UInt32 codec(ZSTD(1)),
  priority Int16 codec(ZSTD(1)),
  form UInt8 codec(ZSTD(1)),
  retention_days UInt16 codec(ZSTD(1)),
  source LowCardinality(String) codec(ZSTD(1)),
  process LowCardinality(String) codec(ZSTD(1)),
  message String codec(ZSTD(6)),
  original String codec(ZSTD(1)),
  writer UInt32 codec(ZSTD(1)),
  batch UInt32 codec(ZSTD(1)),
  index every_text ${EVERY_TEXT} type ngrambf_v1(${GRAM_LETTERS}, 16384, 1, 0) granularity 1,
  constraint known_class check retention_days between 1 and 3650`

/** Of a class of retention and a UTC day, counted from 1970: what is dropped together. */
const PARTITION_KEY = `(retention_days, intDiv(received_at, ${DAY_MICROS}))`

/** On disk before an insert is answered. */
const SETTINGS = 'fsync_after_insert = 1, fsync_part_directory = 1'

/**
 * The statements that make the tables where they are not there yet. On a cluster each shard keeps its resources in
 * `log_line_local`, on as many replicas as its configuration names, and `log_line` is all of them.
 */
export function tableStatements({ cluster, onCluster }: Pick<ClickHouse, 'cluster' | 'onCluster'>): string[] {
  const layout = `partition by ${PARTITION_KEY} order by (resource_number, sent_at, received_at) settings ${SETTINGS}`
  if (cluster === null) {
    return [`create table if not exists ${TABLE} (${DEFINITIONS}) engine = MergeTree ${layout}`]
  }
  const replicated = `ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/${TABLE}', '{replica}')`
  return [
    `create table if not exists ${TABLE}_local ${onCluster} (${DEFINITIONS}) engine = ${replicated} ${layout}`,
    `create table if not exists ${TABLE} ${onCluster} as ${TABLE}_local
     engine = Distributed('${cluster}', currentDatabase(), ${TABLE}_local, resource_number)`,
  ]
}

/** Where rows are deleted and partitions dropped. */
export function localTable({ cluster }: Pick<ClickHouse, 'cluster'>): string {
  return cluster === null ? TABLE : `${TABLE}_local`
}

export async function createTables(clickhouse: ClickHouse): Promise<void> {
  for (const statement of tableStatements(clickhouse)) await clickhouse.command(statement)
}
