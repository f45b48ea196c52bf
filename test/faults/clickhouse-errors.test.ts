// What ClickHouse answers, and what that says about a delivery: a refused value is about it, anything else is not.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ClickHouse, connectClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { isOverClickHouse, storeEnvironment } from '../support/logs.ts'
import {
  deliver,
  provision,
  startTestService,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

let directory: string
let service: TestService
let clickhouse: ClickHouse
beforeAll(async () => {
  if (!isOverClickHouse) return
  directory = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
  service = await startTestService({ SPOOL: 'on', SPOOL_DIRECTORY: directory, SPOOL_AFTER_MS: '200' })
  const url = storeEnvironment(service.database.url).CLICKHOUSE_URL as string
  clickhouse = connectClickHouse({ url, cluster: null })
})
afterAll(async () => {
  if (!isOverClickHouse) return
  await clickhouse.close()
  await service.close()
  await rm(directory, { recursive: true, force: true })
})

const counters = () => service.service.drain.counters
const status = async (resource: TestResource, message: string) => (await deliver(resource, message)).status

it.runIf(isOverClickHouse)(
  'a delivery with a value that ClickHouse refuses is set aside, and stored once it is taken',
  async () => {
    const resource = await provision(service)
    await clickhouse.command(`alter table log_line add constraint no_poison check message != 'poison'`)
    expect(await status(resource, 'poison')).toBe(204)
    expect(await status(resource, 'next')).toBe(204)
    await expect.poll(() => counters().spoolRejected).toBe(1)
    await expect.poll(() => storedMessages(service, resource.id)).toEqual(['next'])
    await clickhouse.command('alter table log_line drop constraint no_poison')
    await expect.poll(() => storedMessages(service, resource.id)).toEqual(['poison', 'next'])
    expect(counters()).toMatchObject({ spoolRejected: 1, spoolRejectedStored: 1 })
  },
)

it.runIf(isOverClickHouse)(
  'deliveries are spooled while the table of lines is missing, and set aside never',
  async () => {
    const resource = await provision(service)
    const { spoolRejected } = counters()
    await clickhouse.command('rename table log_line to log_line_away')
    for (const message of ['1', '2', '3']) expect(await status(resource, message)).toBe(204)
    await clickhouse.command('rename table log_line_away to log_line')
    await expect.poll(() => storedMessages(service, resource.id)).toEqual(['1', '2', '3'])
    expect(counters().spoolRejected).toBe(spoolRejected)
  },
)
