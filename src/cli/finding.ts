// What a check found: one line for a person, one object for a machine. Never holds a secret.

/** `skip`: could not be looked at, for a reason that is no fault. */
export type Verdict = 'ok' | 'warn' | 'FAIL' | 'skip'

export interface Finding {
  check: string
  verdict: Verdict
  says: string
  /** What to do; where there is something to do. */
  fix?: string
}

export type Report = (verdict: Verdict, says: string, fix?: string) => void

/** For the findings of one check. */
export function reporter(findings: Finding[], check: string): Report {
  return (verdict, says, fix) => findings.push({ check, verdict, says, ...(fix !== undefined && { fix }) })
}

export function printFinding({ check, verdict, says, fix }: Finding): string {
  const line = `${verdict.padEnd(5)} ${check.padEnd(14)} ${says}\n`
  return fix === undefined ? line : `${line}${' '.repeat(21)}-> ${fix}\n`
}
