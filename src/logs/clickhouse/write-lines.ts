// Lines into ClickHouse, in the midst of a transaction of Postgres: steps 2 and 3 of lanes.ts.
import type { PoolClient } from 'pg'
import { inSlices } from '../../time-slices.ts'
import type { Written } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'
import type { ClickHouse } from './clickhouse.ts'
import { inLane, type Lanes } from './lanes.ts'
import { COLUMNS, TABLE } from './table.ts'
import { encodeTsv } from './tsv-encoder.ts'

export function writeLines(
  clickhouse: ClickHouse,
  lanes: Lanes,
  client: PoolClient,
  deliveries: readonly Delivery[],
): Promise<Written> {
  return inLane(lanes, client, async (batch) =>
    clickhouse.insert(TABLE, COLUMNS, await inSlices(encodeTsv(deliveries, batch))),
  )
}
