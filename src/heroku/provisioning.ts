// The steps that are left of a provision after Heroku has its answer: a state machine with one row for each resource, run
// by any number of processes. One process leases a row at a time, and every step may be repeated: if a process dies, its
// lease expires, and another one runs the step again.
//
// (waiting)   The resource has no tokens yet. Not a step: a row starts once its grant is exchanged (tokens.ts). A lost
//             grant leaves it here until a repeated POST or Heroku's backfill brings another one.
// look        Lists the drains of all attached apps, so that their names are known from the first line on.
// subscribe   Subscribes the webhook (webhooks.ts).
// configure   Writes the config vars unless they are set already: writing restarts the customer's apps.
// complete    `actions/provision`, unless Heroku says that the resource is provisioned: the answer to an earlier call may
//             have been lost. Right after `configure`, since sources differ on which of the two restarts the app.
// confirm     Asks Heroku a while later whether it agrees. It may not: our 202 to a repeated POST may have reached it
//             after our call. Then back to `complete`.
// abort       Heroku refuses the provision (a 4xx, several times): `actions/deprovision`, so that the customer is not
//             charged, and the resource ends here too. Not if Heroku has it as provisioned after all.
// done
//
// A provision that was answered 200 runs `subscribe` and is done. `look` and `subscribe` get a few tries before the
// customer's provision moves on: scheduled lists follow, and `confirm` leads to the webhook again.
//
// DELETE deletes the row, in the transaction that ends the resource and deletes its tokens. A step checks for its row right
// before each call, after any wait for a turn; the result of a call in flight finds no row to continue with. So nothing
// is completed after a DELETE.
import type { FastifyBaseLogger } from 'fastify'
import { type BackOff, pauseMs } from '../back-off.ts'
import { startDeadline } from '../deadline.ts'
import { bug } from '../errors.ts'
import type { HerokuCounters } from './counters.ts'
import { HerokuError } from './heroku-error.ts'
import type { ApiCall, PlatformApi } from './platform-api.ts'
import type { ClaimedProvision, ProvisioningStep, ProvisioningStore } from './provisioning-store.ts'

export interface ProvisioningParts {
  api: Pick<PlatformApi, 'findAddon' | 'findConfig' | 'changeConfig' | 'completeProvision' | 'abortProvision'>
  store: ProvisioningStore
  listDrains(resourceId: string, signal: AbortSignal): Promise<unknown>
  subscribe(resourceId: string, call: ApiCall): Promise<void>
  /** The config vars of the customer's app. */
  configOf(resourceId: string): Record<string, string>
  /** Writes into the log of the customer's app. */
  notify(resourceId: string, message: string): void
  /** Like a DELETE from Heroku. */
  endResource(resourceId: string): Promise<unknown>
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  /** Aborts every call when the service closes. */
  signal: AbortSignal
  now(): number
  /** In [0, 1). */
  random(): number
}

const AT_ONCE = 5
/** For one step with all its calls, waiting for their turn included. */
const STEP_MS = 45_000
/** Longer than a step and the refresh of its token. */
const LEASE_MS = 120_000
/** While Heroku waits, and a person at a terminal. */
const PENDING_BACK_OFF: BackOff = { firstMs: 1_000, longestMs: 300_000 }
const BACK_OFF: BackOff = { firstMs: 10_000, longestMs: 86_400_000 }
/** Tries of a step that the customer need not wait for: some ten seconds. */
const ENOUGH_TRIES = 5
/** Tries after which a refusal is final, a minute and a half: Heroku itself may not be ready at first. */
const FINAL_REFUSALS = 8
const CONFIRM_AFTER_MS = 30_000
const LONGEST_CONFIRM_MS = 3_600_000
/** Heroku removes a resource that is not completed after 12 hours. */
const REMOVED_AFTER_MS = 13 * 3_600_000
/** Leaves an operator eleven hours. */
const ALARM_AFTER_MS = 3_600_000

/** After a 202 Heroku shows the customer only that the provision failed, not why. */
const FAILED_NOTICE =
  'at=error event=provision_failed msg="The add-on could not be set up and is removed again; nothing is charged. Please try again later."'

/** Conflict, Locked, Too Early: a retry may succeed. */
const RETRYABLE = new Set([409, 423, 425])

/** The next step, and when: at once by default. */
type Next = { step: ProvisioningStep; afterMs?: number } | 'ended'

export class Provisioning {
  readonly #parts: ProvisioningParts
  #levels = { pending: 0, overdue: 0 }

  constructor(parts: ProvisioningParts) {
    this.#parts = parts
  }

  /** Provisions that Heroku waits for, and those it has waited for too long, as of the last watch(). */
  get levels(): { pending: number; overdue: number } {
    return this.#levels
  }

  /** Runs every provision as far as it goes. Never rejects because of Heroku. */
  async runDue(signal?: AbortSignal): Promise<void> {
    const { store, now } = this.#parts
    for (;;) {
      const claimed = await store.claim(now(), LEASE_MS, AT_ONCE)
      await Promise.all(claimed.map((provision) => this.#run(provision)))
      if (claimed.length < AT_ONCE || signal?.aborted) return
    }
  }

  /** Reports provisions that take too long: each once, by one process. */
  async watch(): Promise<void> {
    const { store, counters, log, now } = this.#parts
    const before = now() - ALARM_AFTER_MS
    for (const { resourceId, step, startedAt, isGrantLost } of await store.claimOverdue(now(), before)) {
      counters.provisionsOverdue++
      const minutes = Math.round((now() - startedAt) / 60_000)
      const why = isGrantLost ? 'its grant is lost' : 'it takes too long'
      log.error(
        { resource: resourceId, step, minutes, why },
        'provision not completed: Heroku removes the resource twelve hours after its start',
      )
    }
    this.#levels = await store.count(before)
  }

  async #run(claimed: ClaimedProvision): Promise<void> {
    const { store, log, now } = this.#parts
    let provision: ClaimedProvision | null = claimed
    try {
      while (provision !== null) {
        const next = await this.#try(provision)
        if (next === 'ended') return
        const { step, afterMs = 0 } = next
        if (afterMs > 0 || step === 'done') return await store.release(provision, step, now() + afterMs)
        provision = await store.advance(provision, step, now() + LEASE_MS)
      }
    } catch (error) {
      // The database failed: the lease expires, and then the step runs again.
      log.error({ err: error, resource: claimed.resourceId }, 'provision step interrupted')
    }
  }

  /** Runs one step. @returns what follows from it or from its failure */
  async #try(provision: ClaimedProvision): Promise<Next> {
    const { store, counters, log, signal } = this.#parts
    const { resourceId: resource, step, tries } = provision
    const deadline = startDeadline(STEP_MS, signal)
    const call: ApiCall = {
      urgency: 'background',
      signal: deadline.signal,
      isWanted: () => store.holds(provision),
    }
    try {
      return await this.#step(provision, call, deadline.signal)
    } catch (error) {
      if (!(error instanceof HerokuError) && !deadline.signal.aborted) throw error
      const failure =
        error instanceof HerokuError ? error : new HerokuError('unavailable', 'the call had no turn in time')
      // A DELETE came, or another process took over.
      if (failure.failure === 'unwanted' || !(await store.holds(provision))) return 'ended'
      counters.provisionTriesFailed++
      log.warn({ err: failure, resource, step, tries }, 'provision step failed')
      return await this.#afterFailure(provision, failure)
    } finally {
      deadline.end()
    }
  }

  async #step(provision: ClaimedProvision, call: ApiCall, signal: AbortSignal): Promise<Next> {
    const { api, listDrains, subscribe, configOf, endResource, store, counters, log } = this.#parts
    const { resourceId } = provision
    switch (provision.step) {
      case 'look':
        await listDrains(resourceId, signal)
        return { step: 'subscribe' }

      case 'subscribe':
        await subscribe(resourceId, call)
        return { step: provision.isPending ? 'configure' : 'done' }

      case 'configure': {
        const wanted = configOf(resourceId)
        const present = await api.findConfig(resourceId, call)
        const isSame = Object.entries(wanted).every(([name, value]) => present[name] === value)
        if (!isSame) await api.changeConfig(resourceId, wanted, call)
        return { step: 'complete' }
      }

      case 'complete':
        if ((await this.#stateOf(resourceId, call)) !== 'provisioned') {
          await api.completeProvision(resourceId, call)
        }
        await store.setCompleted(provision, this.#parts.now())
        counters.provisionsCompleted++
        log.info({ resource: resourceId, tries: provision.tries }, 'provision completed')
        return { step: 'confirm', afterMs: this.#confirmAfterMs(provision) }

      case 'confirm':
        if ((await this.#stateOf(resourceId, call)) === 'provisioned') return { step: 'subscribe' }
        log.warn(
          { resource: resourceId },
          'Heroku does not show a completed provision as completed: completing again',
        )
        await store.setCompleted(provision, null)
        return { step: 'complete' }

      case 'abort':
        // A resource that the customer already has is not taken away.
        if ((await this.#stateOf(resourceId, call)) === 'provisioned') return { step: 'complete' }
        await api.abortProvision(resourceId, call)
        await endResource(resourceId)
        counters.provisionsAborted++
        return 'ended'

      case 'done':
        throw bug('claimed a provision that is done')
    }
  }

  async #afterFailure(provision: ClaimedProvision, error: HerokuError): Promise<Next> {
    const { store, endResource, notify, counters, log, now, random } = this.#parts
    const { resourceId, step, tries, isPending, startedAt } = provision
    const isGone = error.failure === 'gone' || error.failure === 'refused'
    if (isPending && isGone && now() - startedAt > REMOVED_AFTER_MS) {
      log.error({ resource: resourceId }, 'uncompleted resource removed by Heroku: ended here too')
      await endResource(resourceId)
      return 'ended'
    }
    if (isPending && tries >= ENOUGH_TRIES) {
      if (step === 'look') return { step: 'subscribe' }
      if (step === 'subscribe') return { step: 'configure' }
    }
    if (isPending && tries >= FINAL_REFUSALS) {
      if (step === 'abort' && (isGone || isRefusal(error))) {
        await endResource(resourceId)
        counters.provisionsAborted++
        return 'ended'
      }
      if (step !== 'abort' && isRefusal(error)) {
        await store.setReason(provision, `${step}: ${error.message}`)
        log.error({ err: error, resource: resourceId, step }, 'provision aborted: Heroku refuses it')
        notify(resourceId, FAILED_NOTICE)
        return { step: 'abort' }
      }
    }
    return { step, afterMs: pauseMs(tries, isPending ? PENDING_BACK_OFF : BACK_OFF, random()) }
  }

  /** @throws HerokuError gone, also while Heroku is removing it */
  async #stateOf(resourceId: string, call: ApiCall): Promise<string> {
    const { state } = await this.#parts.api.findAddon(resourceId, call)
    if (state === 'deprovisioned' || state === 'deprovisioning') {
      throw new HerokuError('gone', `Heroku has the resource as ${state}`)
    }
    return state
  }

  /** Grows with the age of the provision. */
  #confirmAfterMs({ startedAt }: ClaimedProvision): number {
    const age = this.#parts.now() - startedAt
    return Math.min(LONGEST_CONFIRM_MS, Math.max(CONFIRM_AFTER_MS, age / 2))
  }
}

/** The request itself is refused, so a retry does not help. */
function isRefusal({ failure, status }: HerokuError): boolean {
  return (
    failure === 'unexpected' && status !== null && status >= 400 && status < 500 && !RETRYABLE.has(status)
  )
}
