// Runs the contract tester without a screen.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { type Report, resultOf } from '../../src/contract/report.ts'
import { type RunOptions, runContract } from '../../src/contract/run.ts'
import type { Limits } from '../../src/contract/world.ts'

/** Long enough for a busy machine where something must come, short where nothing must. */
export const TEST_LIMITS: Partial<Limits> = { finishMs: 15_000, callMs: 1_000, quietMs: 300 }

export interface QuietReport extends Report {
  /** `P04 wrong-password: what is wrong`, of rules and warnings that are broken. */
  broken: string[]
}

export async function runQuietly(
  options: Omit<RunOptions, 'manifest' | 'production' | 'plans'> &
    Partial<Pick<RunOptions, 'production' | 'plans'>> & { manifest: object },
): Promise<QuietReport> {
  const report = await runContract(
    {
      production: false,
      plans: ['test', 'premium'],
      limits: TEST_LIMITS,
      ...options,
      manifest: { path: 'addon-manifest.json', data: options.manifest },
    },
    SILENT,
  )
  const broken = report.areas.flatMap(({ findings }) =>
    findings.flatMap((finding) => {
      const { rule, verdict } = finding
      return verdict.kind === 'fail' && resultOf(finding) !== 'pass'
        ? [`${rule.number} ${rule.name}: ${verdict.says}`]
        : []
    }),
  )
  return { ...report, broken }
}

export const SILENT = { begin() {}, area() {}, found() {}, end() {} }

/** One that nobody listens on, at least for the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
