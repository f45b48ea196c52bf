// Kensa's `test provision`: its requests and its checks, in its order. Unlike kensa, it continues after a failure.

import type { Addon } from '../addon.ts'
import { createArea } from '../area.ts'
import { areDeclared, areStrings, areUrls, asObject } from '../config-vars.ts'
import type { Exchange } from '../exchange.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { KENSA } from '../sources.ts'
import type { World } from '../world.ts'
import { type Callbacks, openCallbacks } from './callback.ts'
import { callLegacy } from './requests.ts'
import { clearUp, idOf, isOk, type LegacyProvision, parse, provisionLegacy } from './resources.ts'

export interface LegacyProvisionEvidence extends LegacyProvision {
  addon: Addon
  production: boolean
  isAsync: boolean
  stranger: Exchange
  /** Two more with the same app and drain token; null if an app may have several. */
  again: readonly [Exchange, Exchange] | null
}

type E = LegacyProvisionEvidence

const common = { strength: 'must', source: KENSA } as const
const withConfig: Pick<Rule<E>, 'when' | 'applies'> = {
  when: 'the answer has a config',
  applies: ({ response }) => 'config' in asObject(response?.value),
}

/** Judges the config of the answer or of the callback. */
function config(judge: (value: unknown, exchange: Exchange, evidence: E) => Verdict) {
  return (evidence: E): Verdict =>
    judge(asObject(evidence.response?.value).config, sourceOf(evidence), evidence)
}

export const LEGACY_PROVISION_RULES: readonly Rule<E>[] = [
  {
    ...common,
    number: 'K20',
    name: 'provision',
    demands: 'Answers a provision request with 200 to 207.',
    otherwise: 'The customer’s install fails.',
    judge: ({ opening }) => succeeded(opening),
  },
  {
    ...common,
    number: 'K21',
    name: 'callback',
    demands: 'Sends its result to the callback_url.',
    otherwise: 'The resource is never completed, and Heroku removes it.',
    when: 'the run is --async',
    applies: ({ isAsync }) => isAsync,
    judge: ({ opening, callback }) => {
      if (!isOk(opening)) return skip('nothing was provisioned')
      return callback === null ? fail('no callback arrived', [opening]) : pass
    },
  },
  {
    ...common,
    number: 'K22',
    name: 'json',
    demands: 'The answer, or the callback, is JSON.',
    otherwise: 'Heroku cannot read it, and the install fails.',
    judge: (evidence) => {
      if (!isOk(evidence.opening) || (evidence.isAsync && evidence.callback === null))
        return skip('there is no answer')
      return evidence.response === null ? fail('it is not JSON', [sourceOf(evidence)]) : pass
    },
  },
  {
    ...common,
    number: 'K23',
    name: 'provision-stranger',
    demands: 'Answers 401 to a provision request with wrong credentials.',
    otherwise: 'Anyone can provision.',
    judge: ({ stranger }) => unauthorized(stranger),
  },
  {
    ...common,
    number: 'K24',
    name: 'id',
    demands: 'Answers with an id.',
    otherwise: 'Heroku has no id for the resource.',
    judge: (evidence) => {
      if (!isOk(evidence.opening) || evidence.response === null) return skip('there is no answer')
      return idOf(evidence) === null ? fail('there is no id', [sourceOf(evidence)]) : pass
    },
  },
  {
    ...common,
    number: 'K25',
    name: 'id-of-its-own',
    demands: 'The id does not contain the number of the heroku_id.',
    otherwise: 'Two resources of one app would have one id.',
    judge: (evidence) => {
      const id = idOf(evidence)
      if (id === null) return skip('there is no id')
      const number = /^app(\d+)@/.exec(evidence.herokuId)?.[1] as string
      // One uuid in four hundred contains any given four digits; kensa draws a new number and fails as often.
      const isCopied = id === number || id === evidence.herokuId || (!isUuid(id) && id.includes(number))
      return isCopied ? fail(`the id contains the heroku_id: ${id}`, [sourceOf(evidence)]) : pass
    },
  },
  {
    ...common,
    ...withConfig,
    number: 'K26',
    name: 'config-object',
    demands: 'The config is an object.',
    otherwise: 'Heroku cannot read it, and the install fails.',
    judge: config((value, exchange) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? pass
        : fail('config is not an object', [exchange]),
    ),
  },
  {
    ...common,
    ...withConfig,
    number: 'K27',
    name: 'config-declared',
    demands: 'The config has only names that the manifest declares.',
    otherwise: 'Heroku refuses the whole answer.',
    judge: config((value, exchange, { addon }) => areDeclared(value, addon.configVars, exchange)),
  },
  {
    ...common,
    ...withConfig,
    number: 'K28',
    name: 'config-complete',
    strength: 'should',
    demands: 'The config has every name that the manifest declares.',
    otherwise: 'The app lacks a variable. Kensa warns.',
    judge: config((value, exchange, { addon }) => {
      const missing = addon.configVars.filter((name) => !Object.hasOwn(asObject(value), name))
      return missing.length === 0 ? pass : fail(`config does not have ${missing.join(', ')}`, [exchange])
    }),
  },
  {
    ...common,
    ...withConfig,
    number: 'K29',
    name: 'config-strings',
    demands: 'The values of the config are strings.',
    otherwise: 'Heroku refuses the whole answer.',
    judge: config((value, exchange) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? areStrings(value, exchange)
        : skip('config is no object'),
    ),
  },
  {
    ...common,
    ...withConfig,
    number: 'K30',
    name: 'config-urls',
    demands: 'Values whose names end in _URL have a scheme and a host.',
    otherwise: 'The app is started with an address that leads nowhere.',
    judge: config((value, exchange, { production }) => areUrls(value, production, exchange)),
  },
  {
    ...common,
    number: 'K31',
    name: 'drain-url',
    demands: 'Answers with a log_drain_url that begins with https:// or syslog://.',
    otherwise: 'No log line ever arrives.',
    // Kensa looks at it among the checks of the config, and not at all where there is none.
    when: 'the manifest requires syslog_drain, and the answer has a config',
    applies: ({ addon, response }) =>
      addon.requires.includes('syslog_drain') && 'config' in asObject(response?.value),
    judge: (evidence) => {
      const url = asObject(evidence.response?.value).log_drain_url
      return typeof url === 'string' && /^(https|syslog):\/\/\S+$/.test(url)
        ? pass
        : fail(`log_drain_url is ${JSON.stringify(url) ?? 'missing'}`, [sourceOf(evidence)])
    },
  },
  {
    ...common,
    number: 'K32',
    name: 'provision-again',
    demands: 'Answers two more requests of the same app with JSON each, whatever the status.',
    otherwise: 'Kensa ends in a stack trace.',
    when: 'the manifest does not require many_per_app',
    applies: ({ again }) => again !== null,
    judge: ({ again }) => {
      const broken = (again ?? []).filter(({ answer }) => answer === null || parse(answer.body) === null)
      return broken.length === 0 ? pass : fail('one was not answered with JSON', broken)
    },
  },
]

/** @param isAsync kensa's --async */
export function legacyProvisionArea(isAsync: boolean) {
  return createArea<E>({
    name: 'provision',
    title: 'Provisioning, as kensa does it',
    rules: LEGACY_PROVISION_RULES,
    async play({ world, production }) {
      const callbacks = await openCallbacks()
      try {
        return { production, isAsync, ...(await play(world, callbacks, isAsync)) }
      } finally {
        await callbacks.close()
      }
    },
  })
}

async function play(world: World, callbacks: Callbacks, isAsync: boolean) {
  const { addon, random, limits } = world
  const provisioned = await provisionLegacy(world, callbacks, isAsync)
  const post = (what: string, asStranger: boolean) =>
    callLegacy(world, {
      what,
      method: 'POST',
      body: { ...provisioned.body, uuid: random.uuid() },
      asStranger,
    })
  const stranger = await post('with wrong credentials', true)
  const again = addon.requires.includes('many_per_app')
    ? null
    : ([await post('the same app again', false), await post('the same app a third time', false)] as const)
  const posts = [provisioned.opening, stranger, ...(again ?? [])]
  // The additional resources are removed as well, once their ids are known.
  const calls = isAsync ? await callbacks.wait(posts.filter(isOk).length, limits.callMs) : []
  await clearUp(world, [...posts, ...calls.map(asAnswer)])
  return { ...provisioned, addon, stranger, again }
}

/** The exchange that contains the response. */
function sourceOf({ callback, opening }: LegacyProvision): Exchange {
  return callback ?? opening
}

/** The request of a callback contains what is otherwise in the answer. */
function asAnswer(callback: Exchange): Exchange {
  return { ...callback, answer: { status: 200, headers: {}, body: callback.request.body } }
}

export function succeeded(exchange: Exchange): Verdict {
  if (isOk(exchange)) return pass
  const { answer, failure, what } = exchange
  return fail(
    answer === null ? `${what}: no answer, ${failure}` : `${what}: answered ${answer.status}, not 200`,
    [exchange],
  )
}

export function unauthorized(exchange: Exchange): Verdict {
  const { answer, failure, what } = exchange
  if (answer?.status === 401) return pass
  return fail(
    answer === null ? `${what}: no answer, ${failure}` : `${what}: answered ${answer.status}, not 401`,
    [exchange],
  )
}

function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
}
