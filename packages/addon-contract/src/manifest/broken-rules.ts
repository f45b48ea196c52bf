// The rules that a manifest breaks, for programs that need no report.
import { judgeAll } from '../rule.ts'
import { MANIFEST_RULES } from './rules.ts'
import { viewManifest } from './view.ts'

export interface BrokenRule {
  number: string
  name: string
  strength: 'must' | 'should'
  /** The problem, with the values seen. Never a secret. */
  says: string
  fix?: string
}

/** @param manifest parsed JSON */
export function brokenRules(manifest: unknown): BrokenRule[] {
  return judgeAll(MANIFEST_RULES, viewManifest(manifest)).flatMap(({ rule, verdict }) => {
    if (verdict.kind !== 'fail') return []
    const { number, name, strength } = rule
    return [{ number, name, strength, says: verdict.says, ...(verdict.fix && { fix: verdict.fix }) }]
  })
}
