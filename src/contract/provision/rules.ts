// What a provision must be answered with.
import { areDeclared, areStrings, areUrls, asObject } from '../config-vars.ts'
import { type Exchange, jsonObject } from '../exchange.ts'
import {
  answered,
  answeredWith,
  inTime,
  isSuccess,
  refusedInWords,
  succeeded,
  withAnswer,
  withBody,
} from '../expect.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import {
  APP_LOGS,
  AZIMUTT,
  KENSA,
  LEGACY,
  MYLOGGER,
  REFERENCE,
  SAMPLE,
  SHAREABLE,
  TEMPLATE,
} from '../sources.ts'
import type { ProvisionEvidence } from './play.ts'

type E = ProvisionEvidence

const requiresDrain = {
  when: 'the manifest requires syslog_drain',
  applies: ({ addon }: E) => addon.requires.includes('syslog_drain'),
}
const hasConfig = {
  when: 'the answer has a config',
  applies: ({ opening }: E) =>
    opening.answer !== null && jsonObject(opening.answer.body)?.config !== undefined,
}
const STRANGER = 'Whoever finds the address provisions, changes and removes what your customers pay for.'

export const PROVISION_RULES: readonly Rule<E>[] = [
  {
    number: 'P01',
    name: 'provision',
    strength: 'must',
    demands: "Answers Heroku's provision request with 200, 201 or 202.",
    otherwise: "The customer's `heroku addons:create` fails, with a stock message unless it is a 422 or 503.",
    source: REFERENCE,
    judge: (evidence) => {
      const because = isSuccessful(evidence.plainAccept)
        ? 'P02'
        : isSuccessful(evidence.plainDate)
          ? 'P03'
          : null
      if (because !== null) return skip(`it works but for what ${because} tells`)
      return answered<E>(
        ({ opening }) => opening,
        '200, 201 or 202',
        (status) => [200, 201, 202].includes(status),
      )(evidence)
    },
  },
  {
    number: 'P02',
    name: 'vendor-accept',
    strength: 'must',
    demands: 'Takes requests with Accept: application/vnd.heroku-addons+json; version=3.',
    otherwise: 'Heroku sends exactly this with every call, so every one fails.',
    source: REFERENCE,
    judge: ({ opening, plainAccept }) =>
      isSuccessful(plainAccept) && plainAccept !== null
        ? fail('it takes Accept: application/json, and not what Heroku sends', [opening, plainAccept])
        : isSuccessful(opening)
          ? pass
          : skip('no request was taken at all'),
  },
  {
    number: 'P03',
    name: 'grant-date',
    strength: 'must',
    demands: 'Takes an expires_at whose offset has no colon (-0800).',
    otherwise: 'Heroku writes it so, and a strict RFC 3339 reader refuses every provision.',
    source: SAMPLE,
    judge: ({ opening, plainAccept, plainDate }) =>
      isSuccessful(plainDate) && plainDate !== null && !isSuccessful(plainAccept)
        ? fail('it takes the date with Z, and not as Heroku writes it', [opening, plainDate])
        : isSuccessful(opening)
          ? pass
          : skip('no request was taken at all'),
  },
  {
    number: 'P04',
    name: 'wrong-password',
    strength: 'must',
    demands: 'Answers 401 to the right id with a wrong password.',
    otherwise: STRANGER,
    source: REFERENCE,
    judge: answeredWith(({ wrongPassword }) => wrongPassword, 401),
  },
  {
    number: 'P05',
    name: 'wrong-id',
    strength: 'must',
    demands: 'Answers 401 to a wrong id with the right password.',
    otherwise: STRANGER,
    source: KENSA,
    judge: answeredWith(({ wrongId }) => wrongId, 401),
  },
  {
    number: 'P06',
    name: 'no-credentials',
    strength: 'must',
    demands: 'Answers 401 to a request without Authorization.',
    otherwise: STRANGER,
    source: REFERENCE,
    judge: answeredWith(({ noCredentials }) => noCredentials, 401),
  },
  {
    number: 'P07',
    name: 'broken-credentials',
    strength: 'must',
    demands: 'Answers 401 to an Authorization that cannot be read.',
    otherwise: 'An error page or a 500 tells a stranger where to go on trying.',
    source: REFERENCE,
    judge: answeredWith(({ brokenCredentials }) => brokenCredentials, 401),
  },
  {
    number: 'P08',
    name: 'json',
    strength: 'must',
    demands: 'Answers with a JSON object.',
    otherwise: 'Heroku cannot read the answer, and the install fails.',
    source: LEGACY,
    judge: withAnswer(
      ({ opening }) => opening,
      (answer, exchange) =>
        !isSuccess(answer.status)
          ? skip('it was refused')
          : jsonObject(answer.body) === null
            ? fail('the body is no JSON object', [exchange])
            : pass,
    ),
  },
  {
    number: 'P09',
    name: 'id',
    strength: 'must',
    demands: 'Answers with an id, a string or a number.',
    otherwise: 'Heroku has nothing to name the resource by, and the install fails.',
    source: LEGACY,
    judge: withBody(
      ({ opening }) => opening,
      ({ id }, exchange) =>
        (typeof id === 'string' && id !== '') || typeof id === 'number'
          ? pass
          : fail(`id is ${JSON.stringify(id) ?? 'missing'}`, [exchange]),
    ),
  },
  {
    number: 'P10',
    name: 'id-is-uuid',
    strength: 'should',
    demands: 'Answers with the uuid as the id.',
    otherwise:
      'Texts differ on whether later calls name the resource by the uuid or by your id; with one and the same you need not care.',
    source: SAMPLE,
    judge: withBody(
      ({ opening }) => opening,
      ({ id }, exchange) => {
        const asked = jsonObject(exchange.request.body)?.uuid
        if (id === undefined || id === null || id === '') return skip('there is no id')
        return id === asked ? pass : fail(`id is ${JSON.stringify(id)}, the uuid was ${asked}`, [exchange])
      },
    ),
  },
  {
    number: 'P11',
    name: 'own-id',
    strength: 'must',
    demands: 'Gives each resource an id of its own.',
    otherwise: 'A plan change or a DELETE of one customer hits another.',
    source: KENSA,
    judge: withBody(
      ({ second }) => second,
      ({ id }, exchange, { opening }) => {
        const first = opening.answer && jsonObject(opening.answer.body)?.id
        if (id === undefined || first === undefined) return skip('there is no id')
        return id === first
          ? fail(`two resources have the id ${JSON.stringify(id)}`, [opening, exchange])
          : pass
      },
    ),
  },
  {
    number: 'P12',
    name: 'config-declared',
    strength: 'must',
    demands: 'Gives config only of names that the manifest declares.',
    otherwise: 'Heroku refuses the whole answer, and the install fails.',
    source: TEMPLATE,
    ...hasConfig,
    judge: withBody(
      ({ opening }) => opening,
      ({ config }, exchange, { addon }) => areDeclared(config, addon.configVars, exchange),
    ),
  },
  {
    number: 'P13',
    name: 'config-strings',
    strength: 'must',
    demands: 'Gives config as an object of strings.',
    otherwise: 'Heroku refuses the whole answer: an environment has only strings.',
    source: KENSA,
    ...hasConfig,
    judge: withBody(
      ({ opening }) => opening,
      ({ config }, exchange) => areStrings(config, exchange),
    ),
  },
  {
    number: 'P14',
    name: 'config-urls',
    strength: 'must',
    demands: 'Gives addresses in config that have a scheme and a host, and never localhost in production.',
    otherwise: "The customer's app is started with an address that leads nowhere.",
    source: KENSA,
    ...hasConfig,
    judge: withBody(
      ({ opening }) => opening,
      ({ config }, exchange, { production }) => areUrls(config, production, exchange),
    ),
  },
  {
    number: 'P15',
    name: 'config-complete',
    strength: 'should',
    demands: 'Gives every config var that the manifest declares.',
    otherwise: "The app misses a variable that the add-on's documentation names.",
    source: KENSA,
    ...hasConfig,
    judge: withBody(
      ({ opening }) => opening,
      ({ config }, exchange, { addon }) => {
        const missing = addon.configVars.filter((name) => !Object.hasOwn(asObject(config), name))
        return missing.length === 0 ? pass : fail(`config does not have ${missing.join(', ')}`, [exchange])
      },
    ),
  },
  {
    number: 'P16',
    name: 'drain-url',
    strength: 'must',
    demands: 'Answers with a log_drain_url that begins with https:// or syslog://.',
    otherwise: 'No log line ever arrives: Heroku cannot set up the drain.',
    source: APP_LOGS,
    ...requiresDrain,
    judge: withBody(
      ({ opening }) => opening,
      ({ log_drain_url: url }, exchange) =>
        typeof url === 'string' && /^(https|syslog):\/\/\S+$/.test(url)
          ? pass
          : fail(`log_drain_url is ${JSON.stringify(url) ?? 'missing'}`, [exchange]),
    ),
  },
  {
    number: 'P17',
    name: 'drain-url-https',
    strength: 'should',
    demands: 'Has its logs sent over https.',
    otherwise: 'A syslog drain travels in clear, and Heroku cannot tell you of a lost line.',
    source: APP_LOGS,
    ...requiresDrain,
    judge: withBody(
      ({ opening }) => opening,
      ({ log_drain_url: url }, exchange) =>
        typeof url === 'string' && url.startsWith('syslog:')
          ? fail('log_drain_url is a syslog address', [exchange])
          : pass,
    ),
  },
  {
    number: 'P18',
    name: 'own-drain-url',
    strength: 'should',
    demands: 'Gives each resource a log_drain_url of its own.',
    otherwise:
      'Logplex refuses the same address twice on one app, so that the second resource there gets no logs.',
    source: SHAREABLE,
    when: 'the manifest requires syslog_drain and many_per_app',
    applies: ({ addon }) =>
      addon.requires.includes('syslog_drain') && addon.requires.includes('many_per_app'),
    judge: withBody(
      ({ second }) => second,
      ({ log_drain_url: url }, exchange, { opening }) => {
        const first = opening.answer && jsonObject(opening.answer.body)?.log_drain_url
        return url !== undefined && url === first
          ? fail('two resources have the same log_drain_url', [opening, exchange])
          : pass
      },
    ),
  },
  {
    number: 'P19',
    name: 'message',
    strength: 'must',
    demands: 'Answers with a message that is text, or with none.',
    otherwise: 'The command line shows it to the customer as it is.',
    source: REFERENCE,
    judge: withBody(
      ({ opening }) => opening,
      ({ message }, exchange) =>
        message === undefined || message === null || typeof message === 'string'
          ? pass
          : fail(`message is ${JSON.stringify(message)}`, [exchange]),
    ),
  },
  {
    number: 'P20',
    name: 'null-fields',
    strength: 'must',
    demands: 'Takes null for oauth_grant and options.',
    otherwise: 'Both may be null; those installs fail.',
    source: REFERENCE,
    judge: succeeded(({ nullFields }) => nullFields),
  },
  {
    number: 'P21',
    name: 'few-fields',
    strength: 'must',
    demands: 'Takes a request without options and callback_url.',
    otherwise: 'Installs that were asked for without options fail.',
    source: REFERENCE,
    judge: succeeded(({ fewFields }) => fewFields),
  },
  {
    number: 'P22',
    name: 'unknown-fields',
    strength: 'must',
    demands: 'Takes fields that it does not know.',
    otherwise: 'The day Heroku adds a field, every install fails.',
    source: REFERENCE,
    judge: succeeded(({ unknownFields }) => unknownFields),
  },
  {
    number: 'P23',
    name: 'unknown-region',
    strength: 'must',
    demands: 'Serves a region that it does not know, or refuses it with 422 and a message.',
    otherwise: 'The day Heroku opens a region, customers there see a stock error and you see a 500.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownRegion }) => unknownRegion),
  },
  {
    number: 'P24',
    name: 'unknown-options',
    strength: 'must',
    demands: 'Ignores an option that it does not know, or refuses it with 422 and a message.',
    otherwise: 'A typo behind `heroku addons:create` gives the customer a stock error.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownOptions }) => unknownOptions),
  },
  {
    number: 'P25',
    name: 'replay',
    strength: 'must',
    demands: 'Answers the same uuid again with the same status, id, config and log_drain_url.',
    otherwise:
      'Heroku delivers at least once, for up to a day: the customer gets two resources, or config that belongs to neither.',
    source: REFERENCE,
    judge: withAnswer(
      ({ replay }) => replay,
      (_answer, exchange, { opening }) => sameAnswers([opening, exchange]),
    ),
  },
  {
    number: 'P26',
    name: 'parallel-replay',
    strength: 'must',
    demands: 'Answers twenty requests with one uuid at once as it would one.',
    otherwise:
      'Heroku repeats a request whose answer is late while the first is still at work: two resources, or a 500 for the one that lost.',
    source: REFERENCE,
    judge: ({ parallel }) =>
      parallel.length === 0 ? skip('not tried: nothing could be provisioned') : sameAnswers(parallel),
  },
  {
    number: 'P27',
    name: 'unknown-plan',
    strength: 'must',
    demands: 'Answers 422 to a plan that it does not sell.',
    otherwise: 'A customer gets a resource of a plan that does not exist, or an error that says nothing.',
    source: MYLOGGER,
    judge: answeredWith(({ unknownPlan }) => unknownPlan, 422),
  },
  {
    number: 'P28',
    name: 'unknown-plan-message',
    strength: 'must',
    demands: 'Says in a message why it refuses a plan.',
    otherwise: 'Heroku shows the message of a 422 to the customer; without one they are told nothing.',
    source: LEGACY,
    judge: refusedInWords(({ unknownPlan }) => unknownPlan),
  },
  {
    number: 'P29',
    name: 'broken-json',
    strength: 'should',
    demands: 'Answers 4xx to a body that is no JSON.',
    otherwise: 'A 5xx is repeated for a day, and wakes whoever is on call.',
    source: AZIMUTT,
    judge: answered(
      ({ brokenJson }) => brokenJson,
      '4xx',
      (status) => status >= 400 && status < 500,
    ),
  },
  {
    number: 'P30',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise: 'Heroku gives up at 25 seconds and may lower that; what takes longer belongs behind a 202.',
    source: LEGACY,
    judge: ({ opening, second, replay, unknownPlan, aimMs }) =>
      inTime([opening, second, replay, unknownPlan], aimMs),
  },
]

function isSuccessful(exchange: Exchange | null): boolean {
  return exchange?.answer != null && isSuccess(exchange.answer.status)
}

function servedOrRefusedInWords(pick: (evidence: E) => Exchange | null): (evidence: E) => Verdict {
  return withAnswer(pick, (answer, exchange) => {
    if (isSuccess(answer.status)) return pass
    if (answer.status !== 422) return fail(`answered ${answer.status}, not 2xx or 422`, [exchange])
    return refusedInWords<Exchange>((one) => one)(exchange)
  })
}

/** Compares what Heroku keeps of an answer. */
function sameAnswers(exchanges: readonly Exchange[]): Verdict {
  const kept = exchanges.map(({ answer, failure }) => {
    if (answer === null) return `no answer: ${failure}`
    const { id, config, log_drain_url: url } = jsonObject(answer.body) ?? {}
    return `${answer.status} ${JSON.stringify({ id, config: sorted(config), log_drain_url: url })}`
  })
  const first = kept.find((one) => one.startsWith('2')) ?? kept[0]
  const other = kept.findIndex((one) => one !== first)
  if (other === -1 && first?.startsWith('2')) return pass
  const odd = exchanges[Math.max(other, 0)] as Exchange
  const answer = odd.answer === null ? 'not answered' : `answered ${odd.answer.status}`
  return fail(`${odd.what}: ${answer}, not as the first was`, [
    exchanges[kept.indexOf(first as string)] as Exchange,
    odd,
  ])
}

function sorted(config: unknown): unknown {
  return Object.entries(asObject(config)).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
