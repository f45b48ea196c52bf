// What is left to do of a provision after Heroku was answered: a state machine with one row for each resource, which any
// number of processes may drive at once. A row is leased to one of them at a time, and every step may be repeated: a
// process that dies between any two of its lines leaves a lease that runs out, and the next one does the step again.
//
// (waiting)   The resource has no tokens yet. Not a step: a row is taken up once its grant is exchanged (tokens.ts).
//             A grant that was lost leaves it here, until a repeated POST or Heroku's backfill brings another.
// look        The drains of all attached apps are listed, so that their names are known from the first line on.
// subscribe   The webhook (webhooks.ts).
// configure   The config vars are written, unless they are so already: writing restarts the customer's apps.
// complete    `actions/provision`, unless Heroku says that the resource is provisioned: an earlier call's answer may be
//             what was lost. Right behind `configure`, since sources differ on which of the two restarts the app.
// confirm     A while later Heroku is asked whether it agrees. It may not: our 202 to a repeated POST may have reached it
//             after our call. Then back to `complete`.
// abort       Heroku will not take what we bring (a 4xx, several times): `actions/deprovision`, after which the customer
//             is not charged, and the resource ends here too. Unless Heroku has it for provisioned after all.
// done
//
// A provision that was answered 200 goes through `subscribe` and is done. `look` and `subscribe` are worth a few tries,
// and then the customer waits no longer: lists come by the clock, and the webhook is tried again after `confirm`.
//
// DELETE takes the row away, in the transaction that ends the resource and takes its tokens. A step asks right before
// each call, behind every queue, whether its row is still there; what it finds out about a call that was already under
// way finds no row to go on with. So nothing is completed after a DELETE.
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
  /** What the customer's app is given. */
  configOf(resourceId: string): Record<string, string>
  /** Says something in the log of the customer's app. */
  tell(resourceId: string, message: string): void
  /** As a DELETE does. */
  endResource(resourceId: string): Promise<unknown>
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  /** Ends every call: the service closes. */
  signal: AbortSignal
  now(): number
  /** In [0, 1). */
  random(): number
}

const AT_ONCE = 5
/** Of one step with all its calls, and all their waiting for a turn. */
const STEP_MS = 45_000
/** Longer than a step and the refreshing of its token. */
const LEASE_MS = 120_000
/** While Heroku, and somebody at a terminal, waits. */
const PENDING_BACK_OFF: BackOff = { firstMs: 1_000, longestMs: 300_000 }
const BACK_OFF: BackOff = { firstMs: 10_000, longestMs: 86_400_000 }
/** A step that the customer need not wait for is left after so many tries: some ten seconds. */
const ENOUGH_TRIES = 5
/** A refusal is believed after so many, a minute and a half: Heroku may just not have come so far. */
const BELIEVED_REFUSALS = 8
const CONFIRM_AFTER_MS = 30_000
const LONGEST_CONFIRM_MS = 3_600_000
/** Heroku removes what is not completed after 12 hours. */
const REMOVED_AFTER_MS = 13 * 3_600_000
/** Leaves an operator eleven hours. */
const ALARM_AFTER_MS = 3_600_000

/** Nobody else tells the customer why: of a failure after a 202 Heroku shows only that it failed. */
const GIVEN_UP_NOTICE =
  'at=error event=provision_failed msg="The add-on could not be set up and is removed again; nothing is charged. Please try again later."'

/** Conflict, Locked, Too Early: of the moment. */
const PASSING = new Set([409, 423, 425])

/** Where to go on, and when: at once unless said otherwise. */
type Onward = { step: ProvisioningStep; afterMs?: number } | 'ended'

export class Provisioning {
  readonly #parts: ProvisioningParts
  #levels = { pending: 0, overdue: 0 }

  constructor(parts: ProvisioningParts) {
    this.#parts = parts
  }

  /** Provisions that Heroku waits for, and those that it has waited for too long. As of the last watch(). */
  get levels(): { pending: number; overdue: number } {
    return this.#levels
  }

  /** Takes every provision as far as it goes. Never rejects for what Heroku does. */
  async runDue(): Promise<void> {
    const { store, now } = this.#parts
    for (;;) {
      const claimed = await store.claim(now(), LEASE_MS, AT_ONCE)
      await Promise.all(claimed.map((provision) => this.#run(provision)))
      if (claimed.length < AT_ONCE) return
    }
  }

  /** Looks for what takes too long; each is told of once, by one process. */
  async watch(): Promise<void> {
    const { store, counters, log, now } = this.#parts
    const before = now() - ALARM_AFTER_MS
    for (const { resourceId, step, startedAt, isGrantLost } of await store.claimOverdue(now(), before)) {
      counters.provisionsOverdue++
      const minutes = Math.round((now() - startedAt) / 60_000)
      const why = isGrantLost ? 'its grant is lost' : 'it takes too long'
      log.error(
        { resource: resourceId, step, minutes, why },
        'a provision is not completed: Heroku removes the resource twelve hours after it began',
      )
    }
    this.#levels = await store.count(before)
  }

  async #run(claimed: ClaimedProvision): Promise<void> {
    const { store, log, now } = this.#parts
    let provision: ClaimedProvision | null = claimed
    try {
      while (provision !== null) {
        const onward = await this.#try(provision)
        if (onward === 'ended') return
        const { step, afterMs = 0 } = onward
        if (afterMs > 0 || step === 'done') return await store.release(provision, step, now() + afterMs)
        provision = await store.advance(provision, step, now() + LEASE_MS)
      }
    } catch (error) {
      // The database: the lease runs out, and then the step is tried again.
      log.error({ err: error, resource: claimed.resourceId }, 'a provision could not be driven on')
    }
  }

  /** One step, and what follows from it or from its failure. */
  async #try(provision: ClaimedProvision): Promise<Onward> {
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
        error instanceof HerokuError ? error : new HerokuError('unavailable', 'its turn did not come in time')
      // A DELETE came, or another process took over.
      if (failure.failure === 'unwanted' || !(await store.holds(provision))) return 'ended'
      counters.provisionTriesFailed++
      log.warn({ err: failure, resource, step, tries }, 'a step of a provision failed')
      return await this.#afterFailure(provision, failure)
    } finally {
      deadline.end()
    }
  }

  async #step(provision: ClaimedProvision, call: ApiCall, signal: AbortSignal): Promise<Onward> {
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
        log.info({ resource: resourceId, tries: provision.tries }, 'completed a provision')
        return { step: 'confirm', afterMs: this.#confirmAfterMs(provision) }

      case 'confirm':
        if ((await this.#stateOf(resourceId, call)) === 'provisioned') return { step: 'subscribe' }
        log.warn({ resource: resourceId }, 'Heroku has not taken a provision for completed: once more')
        await store.setCompleted(provision, null)
        return { step: 'complete' }

      case 'abort':
        // Whatever went wrong: what the customer has is not taken away.
        if ((await this.#stateOf(resourceId, call)) === 'provisioned') return { step: 'complete' }
        await api.abortProvision(resourceId, call)
        await endResource(resourceId)
        counters.provisionsAborted++
        return 'ended'

      case 'done':
        throw bug('a provision that is done was claimed')
    }
  }

  async #afterFailure(provision: ClaimedProvision, error: HerokuError): Promise<Onward> {
    const { store, endResource, tell, counters, log, now, random } = this.#parts
    const { resourceId, step, tries, isPending, startedAt } = provision
    const isGone = error.failure === 'gone' || error.failure === 'refused'
    if (isPending && isGone && now() - startedAt > REMOVED_AFTER_MS) {
      log.error(
        { resource: resourceId },
        'Heroku has removed a resource that was not completed: ended here too',
      )
      await endResource(resourceId)
      return 'ended'
    }
    if (isPending && tries >= ENOUGH_TRIES) {
      if (step === 'look') return { step: 'subscribe' }
      if (step === 'subscribe') return { step: 'configure' }
    }
    if (isPending && tries >= BELIEVED_REFUSALS) {
      if (step === 'abort' && (isGone || isRefusal(error))) {
        await endResource(resourceId)
        counters.provisionsAborted++
        return 'ended'
      }
      if (step !== 'abort' && isRefusal(error)) {
        await store.setReason(provision, `${step}: ${error.message}`)
        log.error({ err: error, resource: resourceId, step }, 'a provision is given up: Heroku refuses it')
        tell(resourceId, GIVEN_UP_NOTICE)
        return { step: 'abort' }
      }
    }
    return { step, afterMs: pauseMs(tries, isPending ? PENDING_BACK_OFF : BACK_OFF, random()) }
  }

  /** @throws HerokuError gone, also where Heroku is just removing it. */
  async #stateOf(resourceId: string, call: ApiCall): Promise<string> {
    const { state } = await this.#parts.api.findAddon(resourceId, call)
    if (state === 'deprovisioned' || state === 'deprovisioning') {
      throw new HerokuError('gone', `Heroku has the resource as ${state}`)
    }
    return state
  }

  /** Later and later, where it comes to that again. */
  #confirmAfterMs({ startedAt }: ClaimedProvision): number {
    const age = this.#parts.now() - startedAt
    return Math.min(LONGEST_CONFIRM_MS, Math.max(CONFIRM_AFTER_MS, age / 2))
  }
}

/** Said of what we asked for, rather than of us or of Heroku's day: asking again does not help. */
function isRefusal({ failure, status }: HerokuError): boolean {
  return failure === 'unexpected' && status !== null && status >= 400 && status < 500 && !PASSING.has(status)
}
