// Kensa's `test planchange` and `test deprovision`. Kensa takes an id as argument; this provisions its own resource.
import { createArea } from '../area.ts'
import type { Exchange } from '../exchange.ts'
import type { Rule } from '../rule.ts'
import { KENSA } from '../sources.ts'
import { succeeded, unauthorized } from './provision-area.ts'
import { callLegacy, herokuId, pathOf } from './requests.ts'
import { legacyResource, removeLegacy } from './resources.ts'

interface Evidence {
  call: Exchange
  /** The same call with wrong credentials. */
  stranger: Exchange
}

const common = { strength: 'must', source: KENSA } as const

export const LEGACY_PLANCHANGE_RULES: readonly Rule<Evidence>[] = [
  {
    ...common,
    number: 'K40',
    name: 'planchange',
    demands: 'Answers a plan change with 200 to 207.',
    otherwise: 'The customer keeps the old plan.',
    judge: ({ call }) => succeeded(call),
  },
  {
    ...common,
    number: 'K41',
    name: 'planchange-stranger',
    demands: 'Answers 401 to a plan change with wrong credentials.',
    otherwise: "Anyone can change other customers' plans.",
    judge: ({ stranger }) => unauthorized(stranger),
  },
]

export const LEGACY_DEPROVISION_RULES: readonly Rule<Evidence>[] = [
  {
    ...common,
    number: 'K45',
    name: 'deprovision',
    demands: 'Answers a deprovision with 200 to 207.',
    otherwise: 'The customer cannot remove the add-on.',
    judge: ({ call }) => succeeded(call),
  },
  {
    ...common,
    number: 'K46',
    name: 'deprovision-stranger',
    demands: 'Answers 401 to a deprovision with wrong credentials, even for a removed resource.',
    otherwise: 'Anyone can delete resources, or learn which existed.',
    judge: ({ stranger }) => unauthorized(stranger),
  },
]

export function legacyPlanChangeArea(isAsync: boolean) {
  return createArea<Evidence>({
    name: 'planchange',
    title: 'Plan change, as kensa does it',
    rules: LEGACY_PLANCHANGE_RULES,
    async play({ world }) {
      const { id } = await legacyResource(world, isAsync)
      const put = (what: string, asStranger: boolean) =>
        callLegacy(world, {
          what,
          method: 'PUT',
          path: pathOf(id),
          body: {
            plan: world.plans[1] ?? world.plans[0],
            heroku_id: herokuId(world),
            uuid: world.random.uuid(),
          },
          asStranger,
        })
      const evidence = {
        call: await put('Heroku changes the plan', false),
        stranger: await put('with wrong credentials', true),
      }
      await removeLegacy(world, id)
      return evidence
    },
  })
}

export function legacyDeprovisionArea(isAsync: boolean) {
  return createArea<Evidence>({
    name: 'deprovision',
    title: 'Deprovisioning, as kensa does it',
    rules: LEGACY_DEPROVISION_RULES,
    async play({ world }) {
      const { id } = await legacyResource(world, isAsync)
      return {
        call: await removeLegacy(world, id, 'Heroku deprovisions'),
        stranger: await callLegacy(world, {
          what: 'with wrong credentials',
          method: 'DELETE',
          path: pathOf(id),
          asStranger: true,
        }),
      }
    },
  })
}
