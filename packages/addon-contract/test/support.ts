// Runs the contract tester without output.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { About, Report } from '../src/report.ts'
import { type RunOptions, runContract } from '../src/run.ts'
import type { Limits } from '../src/world.ts'

/**
 * Long for what must arrive on a busy machine, short for what must not. Answer times depend on the machine, so only what is
 * slow on purpose is tested with the real aims.
 */
export const TEST_LIMITS: Partial<Limits> = {
  aimMs: 20_000,
  drainMs: 20_000,
  finishMs: 15_000,
  callMs: 8_000,
  quietMs: 300,
}

export interface QuietReport extends Report {
  /** Broken rules and warnings, as `P04 wrong-password: <problem>`. */
  broken: string[]
  /** The numbers of skipped rules. */
  skipped: string[]
}

export async function runQuietly(
  options: Omit<RunOptions, 'manifest' | 'production' | 'plans'> &
    Partial<Pick<RunOptions, 'production' | 'plans'>> & { manifest: object },
  onBegin: (about: About) => void = () => {},
): Promise<QuietReport> {
  const report = await runContract(
    {
      production: false,
      plans: ['test', 'premium'],
      ...options,
      limits: { ...TEST_LIMITS, ...options.limits },
      manifest: { path: 'addon-manifest.json', data: options.manifest },
    },
    { begin: onBegin, area() {}, found() {}, end() {} },
  )
  const findings = report.areas.flatMap((area) => area.findings)
  const broken = findings.flatMap(({ rule, verdict }) =>
    verdict.kind === 'fail' ? [`${rule.number} ${rule.name}: ${verdict.says}`] : [],
  )
  const skipped = findings.filter(({ verdict }) => verdict.kind === 'skip').map(({ rule }) => rule.number)
  return { ...report, broken, skipped }
}

/** A port that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
