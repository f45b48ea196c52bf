// The result of a run, and the interface of its reporters. A reporter gets findings as they arrive and judges nothing.
import type { AreaName } from './area.ts'
import type { Finding } from './rule.ts'

export interface AreaReport {
  name: AreaName
  title: string
  findings: readonly Finding[]
  incomplete: string | null
}

export interface About {
  /** The slug of the manifest. */
  addon: string
  /** The address of the add-on; null if no area needs it. */
  baseUrl: string | null
  /** The simulated id server and Platform API; null like baseUrl. */
  idUrl: string | null
  apiUrl: string | null
}

export interface Report {
  about: About
  areas: readonly AreaReport[]
  /** The uuids of resources that the add-on did not remove. */
  left: readonly string[]
}

export interface Reporter {
  begin(about: About): void
  /** An area's play begins. */
  area(name: AreaName, title: string): void
  found(area: AreaReport): void
  end(report: Report): void
}

/** warn: a broken `should`. */
export type Result = 'pass' | 'fail' | 'warn' | 'skip'

export function resultOf({ rule, verdict }: Finding): Result {
  return verdict.kind === 'fail' && rule.strength === 'should' ? 'warn' : verdict.kind
}

export function countResults(report: Report): Record<Result, number> {
  const counts = { pass: 0, fail: 0, warn: 0, skip: 0 }
  for (const { findings } of report.areas) for (const finding of findings) counts[resultOf(finding)]++
  return counts
}

/** 0: no rule is broken. 1: a `must` is broken. 2: none is broken, but not everything could be tested. */
export function exitStatus(report: Report): 0 | 1 | 2 {
  const { pass, warn, fail } = countResults(report)
  if (fail > 0) return 1
  const isWhole = report.areas.every(({ incomplete }) => incomplete === null)
  return isWhole && pass + warn > 0 ? 0 : 2
}
