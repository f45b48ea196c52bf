// What a provision must be answered with.
import type { Rule } from '../rule.ts'
import { ANSWER_RULES } from './answer-rules.ts'
import { DOOR_RULES } from './door-rules.ts'
import type { ProvisionEvidence } from './play.ts'
import { REQUEST_RULES } from './request-rules.ts'

/** In the order of their numbers. */
export const PROVISION_RULES: readonly Rule<ProvisionEvidence>[] = [
  ...DOOR_RULES,
  ...ANSWER_RULES,
  ...REQUEST_RULES,
]
