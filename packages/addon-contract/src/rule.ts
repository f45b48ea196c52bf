// What a rule is: data, and a pure judge over what was recorded. A rule neither sends nor prints anything.
import type { Exchange } from './exchange.ts'

/** must: the platform or its users come to harm. should: a warning, which fails no build. */
export type Strength = 'must' | 'should'

export interface Source {
  title: string
  url: string
}

/** All of a rule that documents and reports show. */
export interface RuleCard {
  /** Stable, never given to another rule: the letter of its area and two digits, `P04`. */
  number: string
  /** Stable as well, in kebab case: `wrong-password`. */
  name: string
  strength: Strength
  /** One sentence about the add-on: `Answers 401 to a wrong password.` */
  demands: string
  /** What the platform, or somebody else, would do otherwise. */
  otherwise: string
  source: Source
  /** When it applies, as a clause: `the manifest requires syslog_drain`. Always, without. */
  when?: string
}

export interface Rule<Evidence> extends RuleCard {
  /** Whether what `when` says holds. */
  applies?(evidence: Evidence): boolean
  judge(evidence: Evidence): Verdict
}

export type Verdict =
  | { kind: 'pass' }
  | {
      kind: 'fail'
      /** What is wrong, with the values seen. Never a secret. */
      says: string
      /** What to do about it, where that is known. */
      fix?: string
      /** Those that show it. */
      exchanges: readonly Exchange[]
    }
  | { kind: 'skip'; because: string }

export interface Finding {
  rule: RuleCard
  verdict: Verdict
}

export const pass: Verdict = { kind: 'pass' }

export function fail(says: string, exchanges: readonly Exchange[] = [], fix?: string): Verdict {
  return { kind: 'fail', says, exchanges, ...(fix !== undefined && { fix }) }
}

export function skip(because: string): Verdict {
  return { kind: 'skip', because }
}

/** Judges all, in order; a failure stops nothing. */
export function judgeAll<Evidence>(rules: readonly Rule<Evidence>[], evidence: Evidence): Finding[] {
  return rules.map((rule) => ({
    rule: cardOf(rule),
    verdict:
      rule.applies?.(evidence) === false
        ? skip(`does not apply: only where ${rule.when}`)
        : rule.judge(evidence),
  }))
}

export function cardOf({ number, name, strength, demands, otherwise, source, when }: RuleCard): RuleCard {
  return { number, name, strength, demands, otherwise, source, ...(when !== undefined && { when }) }
}
