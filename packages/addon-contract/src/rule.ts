// A rule is data and a pure judge of recorded evidence. It neither sends nor prints anything.
import type { Exchange } from './exchange.ts'

/** must: breaking it harms the platform or its users. should: a warning, which does not fail the run. */
export type Strength = 'must' | 'should'

export interface Source {
  title: string
  url: string
}

/** The parts of a rule that documents and reports show. */
export interface RuleCard {
  /** Stable and never reused: the letter of its area and two digits, `P04`. */
  number: string
  /** Stable too, in kebab case: `wrong-password`. */
  name: string
  strength: Strength
  /** One sentence about the add-on: `Answers 401 to a wrong password.` */
  demands: string
  /** The consequence of breaking it. */
  otherwise: string
  source: Source
  /** When it applies, as a clause: `the manifest requires syslog_drain`. Default: always. */
  when?: string
}

export interface Rule<Evidence> extends RuleCard {
  /** Whether `when` holds. */
  applies?(evidence: Evidence): boolean
  judge(evidence: Evidence): Verdict
}

export type Verdict =
  | { kind: 'pass' }
  | {
      kind: 'fail'
      /** The problem, with the values seen. Never a secret. */
      says: string
      /** How to fix it, if known. */
      fix?: string
      /** The exchanges that show the problem. */
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

/** Judges all, in order; a failure does not stop it. */
export function judgeAll<Evidence>(rules: readonly Rule<Evidence>[], evidence: Evidence): Finding[] {
  return rules.map((rule) => ({
    rule: cardOf(rule),
    verdict:
      rule.applies?.(evidence) === false
        ? skip(`does not apply: only if ${rule.when}`)
        : rule.judge(evidence),
  }))
}

export function cardOf({ number, name, strength, demands, otherwise, source, when }: RuleCard): RuleCard {
  return { number, name, strength, demands, otherwise, source, ...(when !== undefined && { when }) }
}
