// How an add-on must exchange its grant, and how it must complete a provision after a 202.
import { areDeclared } from '../config-vars.ts'
import { headerValues, jsonObject } from '../exchange.ts'
import { isSuccess, withBody } from '../expect.ts'
import type { AddonCall } from '../loopback/loopback.ts'
import { readTokenForm } from '../loopback/token-form.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import {
  ASYNC,
  IDENTITY,
  LEGACY,
  PLATFORM,
  PLATFORM_SCHEMA,
  REFERENCE,
  SAMPLE,
  TEMPLATE,
} from '../sources.ts'
import type { AsyncEvidence, Life } from './play.ts'

type E = AsyncEvidence

const answers202 = { when: 'the provision request is answered 202', applies: ({ isAsync }: E) => isAsync }
const exchanges = {
  when: 'the add-on exchanges its grant',
  applies: ({ ordinary }: E) => exchangesOf(ordinary).length > 0,
}
const callsPlatform = {
  when: 'the add-on calls the Platform API',
  applies: ({ ordinary }: E) => platformCallsOf(ordinary).length > 0,
}
const setsConfig = {
  when: 'the add-on sets config through the Platform API',
  applies: ({ ordinary }: E) => configCallsOf(ordinary).length > 0,
}
const NEVER_DONE =
  'The customer sees "creating"; after about twelve hours Heroku removes the resource and reports a failure.'

export const ASYNC_RULES: readonly Rule<E>[] = [
  {
    number: 'A01',
    name: 'no-config',
    strength: 'must',
    demands: 'Gives no config with a 202.',
    otherwise: 'Heroku does not read it there: send config by PATCH, before actions/provision.',
    source: LEGACY,
    ...answers202,
    judge: withBody(
      ({ ordinary }) => ordinary.opening,
      ({ config }, exchange) =>
        config === undefined || config === null ? pass : fail('the answer has a config', [exchange]),
    ),
  },
  {
    number: 'A02',
    name: 'finishes',
    strength: 'must',
    demands: 'Calls actions/provision when the resource is ready.',
    otherwise: NEVER_DONE,
    source: ASYNC,
    ...answers202,
    judge: ({ ordinary, finishMs }) =>
      ordinary.isFinished
        ? pass
        : fail(
            `no POST /addons/:id/actions/provision within ${finishMs / 1_000} s`,
            [ordinary.opening, ...ordinary.calls].slice(0, 8),
          ),
  },
  {
    number: 'A03',
    name: 'finishes-once',
    strength: 'should',
    demands: 'Calls actions/provision once, even if the request was repeated meanwhile.',
    otherwise: 'Two jobs work on one resource and may create everything twice.',
    source: REFERENCE,
    ...answers202,
    judge: ({ repeated }) => {
      if (repeated === null) return skip('not tried: the ordinary provision was not completed')
      const finishes = callsTo(repeated, /actions\/provision$/)
      return finishes.length > 1 ? fail(`called ${finishes.length} times`, finishes) : pass
    },
  },
  {
    number: 'A04',
    name: 'repetition',
    strength: 'must',
    demands: 'Answers a request that is repeated meanwhile like the first one, and completes it.',
    otherwise:
      'Heroku repeats a request whose answer was lost; an error then fails an install that would have succeeded.',
    source: REFERENCE,
    ...answers202,
    judge: ({ repeated }) => {
      if (repeated === null) return skip('not tried: the ordinary provision was not completed')
      const { opening, repetition, isFinished } = repeated
      const idOf = ({ answer }: typeof opening) => answer && jsonObject(answer.body)?.id
      if (repetition.answer === null || !isSuccess(repetition.answer.status))
        return fail(`answered ${repetition.answer?.status ?? 'nothing'}, not 2xx`, [opening, repetition])
      if (idOf(opening) !== idOf(repetition)) return fail('answered with another id', [opening, repetition])
      return isFinished ? pass : fail('it was not completed', [opening, repetition])
    },
  },
  {
    number: 'A05',
    name: 'exchange-form',
    strength: 'must',
    demands: 'Exchanges the grant with a form that has grant_type, code and client_secret.',
    otherwise: 'The id server refuses the exchange with 401, and the grant expires after five minutes.',
    source: IDENTITY,
    ...exchanges,
    judge: ({ ordinary }) => {
      for (const call of exchangesOf(ordinary)) {
        const { form, isForm, secretInUrl } = formOf(call)
        if (!isForm && !secretInUrl) return fail('the body is not application/x-www-form-urlencoded', [call])
        const missing = ['grant_type', 'client_secret'].filter((name) => !form.get(name))
        if (missing.length > 0) return fail(`${missing.join(' and ')} is missing`, [call])
      }
      return pass
    },
  },
  {
    number: 'A06',
    name: 'no-secret-in-url',
    strength: 'should',
    demands: 'Sends code and client_secret in the body, not in the address.',
    otherwise: 'Logs of every proxy on the way contain addresses.',
    source: PLATFORM,
    ...exchanges,
    judge: ({ ordinary }) => {
      const call = exchangesOf(ordinary).find((one) => formOf(one).secretInUrl)
      return call === undefined ? pass : fail('they are in the query', [call])
    },
  },
  {
    number: 'A07',
    name: 'grant-once',
    strength: 'must',
    demands: 'Uses a grant once.',
    otherwise: 'The id server refuses the second use, and may revoke the tokens of the first.',
    source: SAMPLE,
    ...exchanges,
    judge: ({ ordinary }) => {
      const used = new Set<string>()
      for (const call of exchangesOf(ordinary)) {
        const code = formOf(call).form.get('code') ?? ''
        if (used.has(code)) return fail('a grant is sent again after it was exchanged', [call])
        if (call.answer?.status === 200) used.add(code)
      }
      return pass
    },
  },
  {
    number: 'A08',
    name: 'bearer',
    strength: 'must',
    demands: 'Calls the Platform API with the access token of the resource.',
    otherwise: 'Heroku answers 401 or 403 and does nothing.',
    source: PLATFORM,
    ...callsPlatform,
    judge: ({ ordinary }) => {
      const refused = platformCallsOf(ordinary).find(({ answer }) => [401, 403].includes(answer?.status ?? 0))
      return refused === undefined ? pass : fail(`answered ${refused.answer?.status}`, [refused])
    },
  },
  {
    number: 'A09',
    name: 'platform-accept',
    strength: 'must',
    demands: 'Calls the Platform API with Accept: application/vnd.heroku+json; version=3.',
    otherwise: 'Without a version Heroku answers in an old format, or not at all.',
    source: PLATFORM_SCHEMA,
    ...callsPlatform,
    judge: ({ ordinary }) => {
      const wrong = platformCallsOf(ordinary).find(
        ({ request }) =>
          !/^application\/vnd\.heroku\+json; ?version=3/.test(
            headerValues(request.headers, 'accept')[0] ?? '',
          ),
      )
      return wrong === undefined ? pass : fail('the Accept header differs', [wrong])
    },
  },
  {
    number: 'A10',
    name: 'config-form',
    strength: 'must',
    demands: 'Sets config as {"config": [{"name", "value"}]}.',
    otherwise: 'Heroku refuses an object of names and values, which is the format of the synchronous answer.',
    source: PLATFORM_SCHEMA,
    ...setsConfig,
    judge: ({ ordinary }) => {
      const wrong = configCallsOf(ordinary).find((call) => pairsOf(call) === null)
      return wrong === undefined ? pass : fail('the body has another format', [wrong])
    },
  },
  {
    number: 'A11',
    name: 'config-declared',
    strength: 'must',
    demands: 'Sets only config vars that the manifest declares.',
    otherwise: 'Heroku refuses it, and the resource is never completed.',
    source: TEMPLATE,
    ...setsConfig,
    judge: ({ ordinary, addon }) => {
      for (const call of configCallsOf(ordinary)) {
        const names = (pairsOf(call) ?? []).map(({ name }) => [name, ''] as const)
        const verdict = areDeclared(Object.fromEntries(names), addon.configVars, call)
        if (verdict.kind === 'fail') return verdict
      }
      return pass
    },
  },
  {
    number: 'A12',
    name: 'config-first',
    strength: 'must',
    demands: 'Sets config before it calls actions/provision.',
    otherwise: 'The app restarts without the config, and then again with it.',
    source: ASYNC,
    ...answers202,
    judge: ({ ordinary }) => {
      const finish = callsTo(ordinary, /actions\/provision$/)[0]
      const [config] = configCallsOf(ordinary)
      if (finish === undefined || config === undefined) return skip('no config was set')
      return ordinary.calls.indexOf(config) < ordinary.calls.indexOf(finish)
        ? pass
        : fail('actions/provision came first', [finish, config])
    },
  },
  {
    number: 'A13',
    name: 'config-set',
    strength: 'should',
    demands: 'Sets the config vars that the manifest declares.',
    otherwise: "The app starts without a variable that the add-on's documentation names.",
    source: ASYNC,
    when: 'the provision request is answered 202, and the manifest declares config_vars',
    applies: ({ isAsync, addon }) => isAsync && addon.configVars.length > 0,
    judge: ({ ordinary }) => {
      if (!ordinary.isFinished) return skip('it was not completed')
      return configCallsOf(ordinary).length > 0
        ? pass
        : fail('actions/provision was called without any config', callsTo(ordinary, /actions\/provision$/))
    },
  },
  {
    number: 'A14',
    name: 'id-server-down',
    strength: 'must',
    demands: 'Answers 2xx and retries if the id server answers with an error page.',
    otherwise:
      'id.heroku.com sometimes answers with HTML; without a retry every install of that minute fails.',
    source: IDENTITY,
    ...exchanges,
    judge: ({ idServerDown, isAsync }) => survived(idServerDown, isAsync),
  },
  {
    number: 'A15',
    name: 'platform-down',
    strength: 'must',
    demands: 'Retries if the Platform API answers with an error page.',
    otherwise: NEVER_DONE,
    source: PLATFORM_SCHEMA,
    ...answers202,
    judge: ({ platformDown, isAsync }) => survived(platformDown, isAsync),
  },
  {
    number: 'A16',
    name: 'removed-meanwhile',
    strength: 'must',
    demands: 'Does not call actions/provision for a removed resource.',
    otherwise: 'A cancelled resource comes back, and no customer pays for it.',
    source: SAMPLE,
    ...answers202,
    judge: ({ removed }) => {
      if (removed === null) return skip('not tried: the ordinary provision was not completed')
      return removed.callsAfter.length === 0
        ? pass
        : fail('actions/provision was called after the DELETE', [removed.removal, ...removed.callsAfter])
    },
  },
]

function survived(life: Life | null, isAsync: boolean): Verdict {
  if (life === null) return skip('not tried: the ordinary provision was not completed')
  const { opening, isFinished, calls } = life
  if (opening.answer === null || !isSuccess(opening.answer.status))
    return fail(`the provision request was answered ${opening.answer?.status ?? 'not at all'}`, [
      opening,
      ...calls,
    ])
  return isFinished || !isAsync ? pass : fail('it was not completed', [opening, ...calls])
}

function callsTo({ calls }: Life, route: RegExp): AddonCall[] {
  return calls.filter((call) => route.test(call.route))
}

function exchangesOf(life: Life): AddonCall[] {
  return callsTo(life, /oauth\/token$/).filter((call) => formOf(call).form.has('code'))
}

function platformCallsOf(life: Life): AddonCall[] {
  return callsTo(life, /^\w+ \/addons\/:uuid/)
}

function configCallsOf(life: Life): AddonCall[] {
  return callsTo(life, /^PATCH .*\/config$/)
}

function formOf({ request }: AddonCall) {
  const headers = Object.fromEntries(
    ['content-type', 'authorization'].map((name) => [name, headerValues(request.headers, name)[0]]),
  )
  return readTokenForm(request.url, headers, request.body)
}

/** Null if it is not the format that Heroku accepts. */
function pairsOf({ request }: AddonCall): { name: string; value: string | null }[] | null {
  const { config } = jsonObject(request.body) ?? {}
  if (!Array.isArray(config)) return null
  const isPair = (one: unknown) => {
    const { name, value } = (one ?? {}) as { name?: unknown; value?: unknown }
    return typeof name === 'string' && (typeof value === 'string' || value === null)
  }
  return config.every(isPair) ? config : null
}
