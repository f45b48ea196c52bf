// Parses an add-on's answers as strictly as Heroku does, and says why Heroku would have refused one. Pure.
import type { HttpAnswer } from './http-call.ts'

/** An answer that makes the customer's command fail. */
export class HerokuRefusal extends Error {
  override name = 'HerokuRefusal'
  readonly status: number
  /** The message for the customer. Heroku shows that of a 422 or 503 (Dev Center: add-on provider API). */
  readonly shownToCustomer: string

  constructor(
    status: number,
    reason: string,
    shownToCustomer = 'The add-on could not be set up. Try again later.',
  ) {
    super(`Heroku refuses the add-on's answer (${status}): ${reason}`)
    this.status = status
    this.shownToCustomer = shownToCustomer
  }
}

export interface ProvisionAnswer {
  id: string
  message: string | null
  /** Null after a 202: the config arrives later by the Platform API. */
  config: Record<string, string> | null
  logDrainUrl: string
}

/** @param configVars of the manifest. Any other key fails the install (heroku/addon-template README). */
export function readProvisionAnswer(answer: HttpAnswer, configVars: readonly string[]): ProvisionAnswer {
  const refuse = (reason: string): never => {
    throw new HerokuRefusal(answer.status, reason)
  }
  const body = readSuccess(answer)
  const { id, log_drain_url: drainUrl } = body
  if (typeof id !== 'string' && typeof id !== 'number') return refuse('"id" must be a string or a number')
  if (typeof drainUrl !== 'string' || !/^(https|syslog):\/\/\S+$/.test(drainUrl)) {
    return refuse('"log_drain_url" must be an https address, because the manifest requires syslog_drain')
  }
  if (answer.status === 202 && body.config !== undefined) return refuse('a 202 must carry no "config"')
  const config = answer.status === 202 ? null : readConfig(answer.status, body.config ?? {}, configVars)
  return { id: String(id), message: readMessage(body), config, logDrainUrl: drainUrl }
}

/** `config` is optional after a plan change; the app restarts with it. */
export function readPlanChangeAnswer(answer: HttpAnswer, configVars: readonly string[]) {
  const body = readSuccess(answer)
  const config = body.config === undefined ? null : readConfig(answer.status, body.config, configVars)
  return { config, message: readMessage(body) }
}

/** 410 means that the resource is already removed. */
export function readDeprovisionAnswer(answer: HttpAnswer): void {
  if (answer.status === 410) return
  if (answer.status === 202) {
    throw new HerokuRefusal(202, 'asynchronous deprovision must be agreed with Heroku beforehand')
  }
  readSuccess(answer)
}

function readSuccess({ status, body }: HttpAnswer): Record<string, unknown> {
  const isSuccess = status >= 200 && status < 300
  const text = body.toString()
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new HerokuRefusal(status, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HerokuRefusal(status, 'the body is not a JSON object')
  }
  const object = value as Record<string, unknown>
  if (!isSuccess) {
    const message = readMessage(object) ?? 'no message'
    throw new HerokuRefusal(status, message, status === 422 || status === 503 ? message : undefined)
  }
  return object
}

function readConfig(status: number, config: unknown, configVars: readonly string[]): Record<string, string> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new HerokuRefusal(status, '"config" must be an object')
  }
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'string') throw new HerokuRefusal(status, `config ${name} must be a string`)
    if (!configVars.includes(name)) throw new HerokuRefusal(status, `config ${name} is not in the manifest`)
  }
  return config as Record<string, string>
}

function readMessage(body: Record<string, unknown>): string | null {
  return typeof body.message === 'string' ? body.message : null
}
