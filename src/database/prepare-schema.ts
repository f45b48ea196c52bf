// What a process does about the schema before it starts its work.
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import { withinMs } from '../deadline.ts'
import { StartError } from '../errors.ts'
import { migrate, readSchema, schemaProblem } from './migrate.ts'
import { isTransient } from './sqlstate.ts'
import { TransientError } from './transient-error.ts'
import { unusableDatabase } from './unusable.ts'

export interface PrepareSchemaOptions {
  /** In production the release phase migrates, once for all processes; a process only looks. */
  production: boolean
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
}

/** A database that does not answer must not keep a process from listening. */
const LOOK_TIMEOUT_MS = 5_000

const noAnswer = () => new TransientError('The database did not answer in time.')

/** @throws StartError where the service cannot work with the schema */
export async function prepareSchema(pool: Pool, { production, log }: PrepareSchemaOptions): Promise<void> {
  if (!production) {
    const applied = await migrate(pool).catch((error: unknown) => {
      throw unusableDatabase(error)
    })
    if (applied.length > 0) log.info({ applied }, 'database migrated')
    return
  }
  try {
    const schema = await withinMs(LOOK_TIMEOUT_MS, readSchema(pool), noAnswer)
    const problem = schemaProblem(schema)
    if (problem !== null) throw new StartError(problem)
    if (schema.newer.length > 0) log.info({ migrations: schema.newer }, 'database ahead of this release')
  } catch (error) {
    // A failover, say: deliveries are held or refused until it is over, which a process that ended could not do.
    if (!isTransient(error)) throw unusableDatabase(error)
    log.warn({ err: error }, 'database schema not checked')
  }
}
