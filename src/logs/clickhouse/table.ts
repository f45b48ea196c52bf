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

// Codecs and index by measurement: one million lines of simulated traffic, 205 bytes a frame, of 20 resources, merged;
// chdb 26.7, 2 shared cores, 2026-11-21. Share of the frames' bytes on disk, seconds of processor to insert (with the
// merges meanwhile), milliseconds of processor to find a request id.
//
//   message ZSTD(1)                                         0.127   7    280
//   message ZSTD(3), which packs these worse                0.129
//   message ZSTD(6)                                         0.117   11.5
//   message ZSTD(9)                                         0.113   15.5
//   message as LZ4, by a TTL ZSTD(6) behind an hour         0.117   8          not kept: another table stayed LZ4, 0.14
//   times DoubleDelta, ZSTD(1), with ZSTD(1)                0.135              4.5 bytes a line; as below 2.8
//   and with ZSTD(1), an index of
//   ngrambf_v1(4, 16384, 1): as below                      +0.010   12     8
//   ngrambf_v1(4, 24576, 1)                                +0.015   13     9
//   ngrambf_v1(4, 32768, 1)                                +0.020   11     9
//   the same, built not on insert but when merged          +0.020   8.6    9
//   ngrambf_v1(4, 49152, 1), granularity 4                 +0.007   13.5   109   too coarse
//   ngrambf_v1(5, 16384, 1)                                +0.010   12     10    nothing for words of four letters
//   ngrambf_v1(6, 32768, 1)                                +0.020   16     14
//   two texts in one index, message and the rest           +0.018 to 0.037
//   tokenbf_v1                                             +0.017                knows whole words only
//   text index of tokens, of 4-grams                       +0.19, +0.89
//
// What is below is 0.127 in all, 0.010 of it the index, 20.4 of 26 bytes a line the messages, and took 14 s to insert.
// The request ids alone are some 9 bytes a line. Three letters would not do: all hexadecimal ones are in any 8,192 lines.
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
