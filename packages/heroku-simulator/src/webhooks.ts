// The webhooks of a simulated Heroku: subscriptions, and the delivery of events as Heroku does it, at least once and in any
// order. After the schema of the Platform API and heroku/webhooks-docs.
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { callHttp } from './http-call.ts'
import type { SimAnswer } from './id-server.ts'
import type { Random } from './random.ts'

export interface SubscriptionBody {
  include: string[]
  level: string
  url: string
  authorization?: string
  secret?: string
}

export interface Subscription extends SubscriptionBody {
  id: string
  resourceId: string
}

export interface SimEvent {
  id: string
  /** `api:addon-attachment` */
  include: string
  action: 'create' | 'update' | 'destroy'
  data: object
}

/** How later events are delivered. held: not before release(). */
export type WebhookManner = 'prompt' | 'lost' | 'twice' | 'held'

export interface WebhooksOptions {
  random: Random
  clock: () => number
  /** An origin to connect to instead of that of a subscription's address. */
  deliverTo?: string | undefined
}

const PROPERTIES = ['include', 'level', 'url', 'authorization', 'secret']
const TIMEOUT_MS = 5_000
/** Heroku tries for days. */
const TRIES = 5
const PAUSE_MS = 100

export class SimWebhooks {
  manner: WebhookManner = 'prompt'
  readonly subscriptions: Subscription[] = []
  /** All published events, delivered or not. */
  readonly events: { resourceId: string; event: SimEvent }[] = []
  /** Every attempt and its status; 0: no answer. */
  readonly attempts: { eventId: string; status: number }[] = []
  /** Every secret of a subscription, so that tests can search for leaks. */
  readonly secrets: string[] = []
  readonly #options: WebhooksOptions
  readonly #held: (() => void)[] = []
  readonly #underWay = new Set<Promise<void>>()
  #isStopped = false

  constructor(options: WebhooksOptions) {
    this.#options = options
  }

  of(resourceId: string): Subscription[] {
    return this.subscriptions.filter((one) => one.resourceId === resourceId)
  }

  /** POST, or PATCH with an id. */
  subscribe(resourceId: string, body: Record<string, unknown> | null, id?: string): SimAnswer {
    const isPatch = id !== undefined
    const known = this.of(resourceId).find((one) => one.id === id)
    if (isPatch && known === undefined)
      return { status: 404, body: { id: 'not_found', message: 'No webhook.' } }
    const problem = problemOf(body, isPatch)
    if (problem !== null) return { status: 422, body: { id: 'invalid_params', message: problem } }
    const given = body as Partial<SubscriptionBody>
    for (const secret of [given.secret, given.authorization]) if (secret) this.secrets.push(secret)
    const webhook = known ?? ({ id: this.#options.random.uuid(), resourceId } as Subscription)
    Object.assign(webhook, given)
    if (known === undefined) this.subscriptions.push(webhook)
    return { status: isPatch ? 200 : 201, body: webhookJson(webhook) }
  }

  unsubscribe(resourceId: string, id: string): SimAnswer {
    const at = this.subscriptions.findIndex((one) => one.resourceId === resourceId && one.id === id)
    if (at === -1) return { status: 404, body: { id: 'not_found', message: 'No webhook.' } }
    const [webhook] = this.subscriptions.splice(at, 1)
    return { status: 200, body: webhookJson(webhook as Subscription) }
  }

  /** Ends the tokens of a removed resource. */
  drop(resourceId: string): void {
    for (const { id } of this.of(resourceId)) this.unsubscribe(resourceId, id)
  }

  publish(resourceId: string, include: string, action: SimEvent['action'], data: object): void {
    const event = { id: this.#options.random.uuid(), include, action, data }
    this.events.push({ resourceId, event })
    // As they are now: a subscription may be gone when its last event arrives.
    const to = this.of(resourceId)
      .filter((one) => one.include.includes(include))
      .map((one) => ({ ...one }))
    const deliver = () => {
      for (const webhook of to) this.#inBackground(this.#deliver(webhook, event))
    }
    if (this.manner === 'lost') return
    if (this.manner === 'held') return void this.#held.push(deliver)
    deliver()
    if (this.manner === 'twice') deliver()
  }

  /** Delivers what was held, the last event first. */
  release(): void {
    for (const deliver of this.#held.splice(0).reverse()) deliver()
  }

  /** Delivers an event again, as it was. */
  async replay(resourceId: string, event: SimEvent): Promise<number> {
    const [webhook] = this.of(resourceId)
    return webhook === undefined ? 0 : this.#attempt(webhook, event)
  }

  async whenIdle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  stop(): void {
    this.#isStopped = true
  }

  async #deliver(webhook: Subscription, event: SimEvent): Promise<void> {
    for (let tries = 1; tries <= TRIES && !this.#isStopped; tries++) {
      const status = await this.#attempt(webhook, event)
      if ((status >= 200 && status < 300) || webhook.level !== 'sync') return
      await sleep(PAUSE_MS * tries, undefined, { ref: false })
    }
  }

  async #attempt(webhook: Subscription, event: SimEvent): Promise<number> {
    const { random, clock, deliverTo } = this.#options
    const body = Buffer.from(eventJson(webhook, event, random, clock()))
    const headers: [string, string][] = [['Content-Type', 'application/json']]
    if (webhook.authorization !== undefined) headers.push(['Authorization', webhook.authorization])
    if (webhook.secret !== undefined)
      headers.push(['Heroku-Webhook-Hmac-SHA256', signatureOf(body, webhook.secret)])
    const status = await callHttp({
      method: 'POST',
      url: webhook.url,
      headers,
      body,
      timeoutMs: TIMEOUT_MS,
      deliverTo,
    }).then(
      (answer) => answer.status,
      () => 0,
    )
    this.attempts.push({ eventId: event.id, status })
    return status
  }

  #inBackground(delivery: Promise<void>): void {
    const watched: Promise<void> = delivery.finally(() => this.#underWay.delete(watched))
    this.#underWay.add(watched)
  }
}

export function signatureOf(body: Buffer, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('base64')
}

export function webhookJson({ id, include, level, url, resourceId }: Subscription) {
  return {
    id,
    addon: { id: resourceId },
    include,
    level,
    url,
    created_at: '2026-03-01T10:15:00Z',
    updated_at: '2026-03-01T10:15:00Z',
  }
}

function eventJson(webhook: Subscription, event: SimEvent, random: Random, now: number): string {
  const at = new Date(now).toISOString()
  return JSON.stringify({
    id: event.id,
    action: event.action,
    resource: event.include.replace('api:', ''),
    version: 'application/vnd.heroku+json; version=3',
    actor: { id: random.uuid(), email: 'dev@example.com' },
    data: event.data,
    previous_data: {},
    sequence: null,
    published_at: null,
    created_at: at,
    updated_at: at,
    webhook_metadata: {
      attempt: { id: random.uuid() },
      delivery: { id: random.uuid() },
      event: { id: event.id, include: event.include },
      webhook: { id: webhook.id },
    },
  })
}

function problemOf(body: Record<string, unknown> | null, isPatch: boolean): string | null {
  if (body === null) return 'The body is no JSON object'
  const unknown = Object.keys(body).filter((name) => !PROPERTIES.includes(name))
  if (unknown.length > 0) return `Unknown: ${unknown.join(', ')}`
  if (!isPatch && ['include', 'level', 'url'].some((name) => body[name] === undefined)) return 'Incomplete'
  if (body.level !== undefined && body.level !== 'sync' && body.level !== 'notify') return 'Level is invalid'
  return null
}
