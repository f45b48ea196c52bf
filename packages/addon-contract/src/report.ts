// What a run found, and how it is told. A reporter gets the findings as they come; it judges nothing. Pure.
import type { AreaName } from './area.ts'
import type { Finding } from './rule.ts'

export interface AreaReport {
  name: AreaName
  title: string
  findings: readonly Finding[]
  incomplete: string | null
}

export interface About {
  /** The add-on's slug; what the manifest says. */
  addon: string
  /** Where the add-on answers; null where no area needs that. */
  baseUrl: string | null
  /** Where the add-on finds our id server and Platform API; null as above. */
  idUrl: string | null
  apiUrl: string | null
}

export interface Report {
  about: About
  areas: readonly AreaReport[]
  /** Resources that the add-on would not remove, by uuid. */
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

/** 0: nothing broken. 1: a `must` is broken. 2: nothing broken that was looked at, but not all could be. */
export function exitStatus(report: Report): 0 | 1 | 2 {
  const { pass, warn, fail } = countResults(report)
  if (fail > 0) return 1
  const isWhole = report.areas.every(({ incomplete }) => incomplete === null)
  return isWhole && pass + warn > 0 ? 0 : 2
}
