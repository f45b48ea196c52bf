// The service under test: a process of its own, built as for production, over a fresh database with customers in it.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startChild, waitForOutput } from './child.ts'
import { addCustomers, type Customer } from './customers.ts'
import type { BenchDatabase, BenchPostgres } from './postgres.ts'
import type { Scope } from './scope.ts'
import type { Workplace } from './workplace.ts'

export interface BenchService extends BenchDatabase {
  origin: string
  pid: number
  customers: Customer[]
  /** Lines of its log that tell of trouble, by their message, and how often. */
  troubles: Map<string, number>
}

export interface ServiceOptions {
  workplace: Workplace
  postgres: BenchPostgres
  customers: number
  /** Further settings. */
  environment?: Record<string, string>
}

export async function startService(scope: Scope, options: ServiceOptions): Promise<BenchService> {
  const { workplace, postgres } = options
  const database = await postgres.createDatabase(scope)
  const child = startChild(scope, {
    file: workplace.compiled('src/main.ts'),
    // Whatever it keeps on disk by default is its own and gone with the run.
    cwd: mkdtempSync(join(workplace.directory, 'service-')),
    profileDirectory: workplace.profileDirectory,
    environment: {
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_URL: 'http://localhost:5000',
      DATABASE_URL: database.url,
      PLANS_FILE: workplace.plansFile,
      ...options.environment,
      ...(process.env.DATABASE_TLS ? { DATABASE_TLS: process.env.DATABASE_TLS } : {}),
    },
  })
  const troubles = new Map<string, number>()
  child.stdout?.on('data', troubleReader(troubles))
  // It migrates, so the tables are there when it listens.
  const origin = await waitForOutput(child, /Server listening at (http:\/\/127\.0\.0\.1:\d+)/)
  return {
    ...database,
    origin,
    pid: child.pid as number,
    customers: await addCustomers(database.pool, options.customers),
    troubles,
  }
}

/** pino: 40 is a warning, 50 an error. */
function troubleReader(troubles: Map<string, number>): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [, message] = /^\{"level":[456]0.*"msg":"([^"]*)"\}$/.exec(line) ?? []
      if (message !== undefined) troubles.set(message, (troubles.get(message) ?? 0) + 1)
    }
  }
}
