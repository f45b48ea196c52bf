// Provisions and ends resources in a test's database, without a service: stores no secrets, and ends nothing else.
import type { Pool } from 'pg'
import { createDrainStore } from '../../src/resources/drain-store.ts'
import { createLifecycle, type Lifecycle, type LifecycleParts } from '../../src/resources/lifecycle.ts'

export function testLifecycle(pool: Pool, parts: Partial<LifecycleParts> = {}): Lifecycle {
  return createLifecycle({
    pool,
    drains: createDrainStore(pool),
    secrets: { store: async () => ({ isPending: false }) },
    endsWithResource: [],
    ...parts,
  })
}
