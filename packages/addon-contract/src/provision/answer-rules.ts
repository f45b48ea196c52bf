// What the answer to a provision request must contain.
import { readDrainUrl } from 'heroku-simulator'
import { areDeclared, areStrings, areUrls, asObject } from '../config-vars.ts'
import { jsonObject } from '../exchange.ts'
import { isSuccess, withAnswer, withBody } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { APP_LOGS, KENSA, LEGACY, REFERENCE, SAMPLE, SHAREABLE, TEMPLATE } from '../sources.ts'
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

export const ANSWER_RULES: readonly Rule<E>[] = [
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
          ? skip('the request was refused')
          : jsonObject(answer.body) === null
            ? fail('the body is not a JSON object', [exchange])
            : pass,
    ),
  },
  {
    number: 'P09',
    name: 'id',
    strength: 'must',
    demands: 'Answers with an id that is a string or a number.',
    otherwise: 'Heroku has no id for the resource, and the install fails.',
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
      'Documents differ on whether later calls name the resource by the uuid or by your id; if both are the same it does not matter.',
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
    otherwise: 'A plan change or DELETE of one customer affects another.',
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
    demands: 'Gives only config vars that the manifest declares.',
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
    demands: 'Gives addresses in config with a scheme and a host, and never localhost in production.',
    otherwise: "The customer's app starts with an address that leads nowhere.",
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
    otherwise: "The app lacks a variable that the add-on's documentation names.",
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
    demands: 'Answers with a log_drain_url: an https:// or syslog:// address that Logplex can use.',
    otherwise: 'No log line arrives: Heroku cannot set up the drain.',
    source: APP_LOGS,
    ...requiresDrain,
    judge: withBody(
      ({ opening }) => opening,
      ({ log_drain_url: url }, exchange) => {
        if (typeof url !== 'string' || !/^(https|syslog):\/\/\S+$/.test(url))
          return fail(`log_drain_url is ${JSON.stringify(url) ?? 'missing'}`, [exchange])
        const trouble = url.startsWith('https:') ? troubleWith(url) : null
        return trouble === null ? pass : fail(trouble, [exchange])
      },
    ),
  },
  {
    number: 'P17',
    name: 'drain-url-https',
    strength: 'should',
    demands: 'Receives logs over https.',
    otherwise: 'A syslog drain is not encrypted, and Heroku cannot report lost lines to you.',
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
      'Logplex refuses the same address twice on one app, so the second resource there gets no logs.',
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
    demands: 'Answers with a message that is a string, or without one.',
    otherwise: 'The command line shows it to the customer unchanged.',
    source: REFERENCE,
    judge: withBody(
      ({ opening }) => opening,
      ({ message }, exchange) =>
        message === undefined || message === null || typeof message === 'string'
          ? pass
          : fail(`message is ${JSON.stringify(message)}`, [exchange]),
    ),
  },
]

/** Logplex accepts fewer addresses than a browser does. */
function troubleWith(url: string): string | null {
  try {
    readDrainUrl(url)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
