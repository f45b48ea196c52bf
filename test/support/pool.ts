// A pool as tests want it: one connection, and nothing to say of those that a test ends. The caller ends the pool.
import type { Pool } from 'pg'
import { createPool, type PoolOptions } from '../../src/database/pool.ts'

export function openPool(url: string, options: Partial<PoolOptions> = {}): Pool {
  return createPool({
    url,
    tls: 'off',
    connections: 1,
    applicationName: 'culvert-test',
    onError: () => {},
    ...options,
  })
}
