// An area of the contract: a play, which acts as Heroku and records evidence, and the rules that judge the evidence.
import { CannotPlay, NothingToPlay } from './cannot-play.ts'
import { cardOf, type Finding, judgeAll, type Rule, type RuleCard, skip } from './rule.ts'
import type { Stage } from './stage.ts'

export type AreaName =
  | 'manifest'
  | 'provision'
  | 'async'
  | 'planchange'
  | 'deprovision'
  | 'sso'
  | 'drain'
  | 'webhook'

export interface Area {
  name: AreaName
  /** For a heading: `Provisioning`. */
  title: string
  rules: readonly RuleCard[]
  run(stage: Stage): Promise<Outcome>
}

export interface Outcome {
  findings: Finding[]
  /** Why the area could not be played; null if it was, or if the add-on does not need it. */
  incomplete: string | null
}

export interface AreaParts<Evidence> {
  name: AreaName
  title: string
  rules: readonly Rule<Evidence>[]
  /** @throws CannotPlay; every rule is skipped then */
  play(stage: Stage): Promise<Evidence>
}

export function createArea<Evidence>({ name, title, rules, play }: AreaParts<Evidence>): Area {
  return {
    name,
    title,
    rules: rules.map(cardOf),
    async run(stage) {
      try {
        return { findings: judgeAll(rules, await play(stage)), incomplete: null }
      } catch (error) {
        if (!(error instanceof CannotPlay)) throw error
        const { message } = error
        const findings = rules.map((rule) => ({ rule: cardOf(rule), verdict: skip(message) }))
        return { findings, incomplete: error instanceof NothingToPlay ? null : message }
      } finally {
        await stage.clear()
      }
    },
  }
}
