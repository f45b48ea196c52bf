// All areas, in the order of a run.
import { type Area, createArea } from './area.ts'
import { playAsync } from './async/play.ts'
import { ASYNC_RULES } from './async/rules.ts'
import { playChangePlan } from './change-plan/play.ts'
import { CHANGE_PLAN_RULES } from './change-plan/rules.ts'
import { playDeprovision } from './deprovision/play.ts'
import { DEPROVISION_RULES } from './deprovision/rules.ts'
import { playDrain } from './drain/play.ts'
import { DRAIN_RULES } from './drain/rules.ts'
import { manifestArea } from './manifest/area.ts'
import { playProvision } from './provision/play.ts'
import { PROVISION_RULES } from './provision/rules.ts'
import { playSso } from './sso/play.ts'
import { SSO_RULES } from './sso/rules.ts'
import { playWebhook } from './webhook/play.ts'
import { WEBHOOK_RULES } from './webhook/rules.ts'

export const AREAS: readonly Area[] = [
  manifestArea,
  createArea({ name: 'provision', title: 'Provisioning', rules: PROVISION_RULES, play: playProvision }),
  createArea({
    name: 'async',
    title: 'Grant and asynchronous provisioning',
    rules: ASYNC_RULES,
    play: playAsync,
  }),
  createArea({ name: 'planchange', title: 'Plan change', rules: CHANGE_PLAN_RULES, play: playChangePlan }),
  createArea({
    name: 'deprovision',
    title: 'Deprovisioning',
    rules: DEPROVISION_RULES,
    play: playDeprovision,
  }),
  createArea({ name: 'sso', title: 'Single sign-on', rules: SSO_RULES, play: playSso }),
  createArea({ name: 'drain', title: 'Log drain', rules: DRAIN_RULES, play: playDrain }),
  createArea({ name: 'webhook', title: 'Webhooks', rules: WEBHOOK_RULES, play: playWebhook }),
]
