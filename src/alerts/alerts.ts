// The room put together: what the viewer may ask of it, and what it does by the clock.
import { randomBytes } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Job } from '../job.ts'
import type { LogStore } from '../logs/log-store.ts'
import { createOutbound } from '../outbound/outbound.ts'
import type { Apps } from '../query/line-view.ts'
import { createSecretBox } from '../secrets/secret-box.ts'
import { type AlertStore, createAlertStore } from './alert-store.ts'
import { AlertCounters } from './counters.ts'
import { type DeliverParts, deliverDue } from './deliver.ts'
import { type EvaluateParts, evaluateDue } from './evaluate.ts'
import { createMailer } from './mail.ts'
import { MailBudget } from './mail-budget.ts'
import { createMessageStore } from './message-store.ts'

export interface AlertsNeeds {
  pool: Pool
  config: Pick<Config, 'secretKeys' | 'publicUrl' | 'production' | 'mail'>
  logs: Pick<LogStore, 'read' | 'countLines'>
  appNames(resourceNumber: number): Promise<Apps>
  /** Name of an app whose page at Heroku leads to the resource; null where none is known. */
  someApp(resourceNumber: number): Promise<string | null>
  log: FastifyBaseLogger
  now(): number
}

export interface AlertsRoom {
  store: AlertStore
  counters: AlertCounters
  /** E-mail can be sent. */
  hasMail: boolean
  /** Webhooks may lead to our own network: in development. */
  allowInside: boolean
  jobs: readonly Job[]
  /** Aborts deliveries in flight. */
  close(): void
}

const EVALUATE_EVERY_MS = 2_000
const DELIVER_EVERY_MS = 1_000

export function createAlertsRoom(needs: AlertsNeeds): AlertsRoom {
  const { pool, config, logs, appNames, someApp, log, now } = needs
  const box = createSecretBox(config.secretKeys, randomBytes)
  const store = createAlertStore(pool, box)
  const counters = new AlertCounters()
  const allowInside = !config.production
  const outbound = createOutbound({ allowInside })
  const mailer = config.mail === null ? null : createMailer(config.mail)
  const ending = new AbortController()
  const { signal } = ending
  const evaluating: EvaluateParts = { store, logs, appNames, counters, log, now, signal }
  const delivering: DeliverParts = {
    store: createMessageStore(pool, box),
    outbound,
    mailer,
    mailBudget: new MailBudget(now),
    publicUrl: config.publicUrl,
    someApp,
    counters,
    log,
    now,
    signal,
  }
  return {
    store,
    counters,
    hasMail: mailer !== null,
    allowInside,
    jobs: [
      {
        name: 'evaluate-alerts',
        intervalMs: EVALUATE_EVERY_MS,
        work: (signal) => evaluateDue(evaluating, signal),
      },
      {
        name: 'deliver-alert-messages',
        intervalMs: DELIVER_EVERY_MS,
        work: (signal) => deliverDue(delivering, signal),
      },
    ],
    close() {
      ending.abort(new Error('the service is ending'))
      outbound.close()
      mailer?.close()
    },
  }
}
