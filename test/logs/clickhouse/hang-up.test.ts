// A reader who leaves does not leave work behind: the request that runs for him is cut off, and ClickHouse ends what nobody
// waits for (its setting cancel_http_readonly_queries_on_client_close).
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, vi } from 'vitest'
import { connectClickHouse } from '../../../src/logs/clickhouse/clickhouse.ts'
import { createClickHouseLines } from '../../../src/logs/clickhouse/line-table.ts'
import { parse } from '../../../src/query/parse.ts'
import { createTestDatabase } from '../../support/database.ts'

it('a reader who leaves ends the request that runs for him at ClickHouse', async () => {
  let asked = 0
  let left = 0
  const addresses: string[] = []
  const silent = createServer((request) => {
    asked++
    addresses.push(request.url ?? '')
    request.on('close', () => left++)
    request.resume()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const database = await createTestDatabase()
  const clickhouse = connectClickHouse({ url: `http://127.0.0.1:${port}/x`, cluster: null })
  const lines = createClickHouseLines({ clickhouse, pool: database.pool, onFailure: () => {} })
  try {
    const leaving = new AbortController()
    const read = lines.read({
      resourceNumber: 1,
      search: parse('rare').query,
      limit: 10,
      signal: leaving.signal,
    })
    read.catch(() => {})
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 5_000 })
    leaving.abort(new Error('left'))
    await expect(read).rejects.toThrow('left')
    await vi.waitFor(() => expect(left).toBe(1), { timeout: 5_000 })
    expect(addresses[0]).toContain('cancel_http_readonly_queries_on_client_close=1')
  } finally {
    await clickhouse.close()
    silent.closeAllConnections()
    silent.close()
    await database.close()
  }
})
