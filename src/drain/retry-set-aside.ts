// Tries what is set aside again, one file after the other, while deliveries go to the store: each file in its own time
// (spool/set-aside.ts), and not so fast that others notice.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { ReceivedDelivery } from './spool/delivery-record.ts'
import { type Replayed, withoutRepeats } from './spool/replay.ts'
import type { AsideFile, SetAside } from './spool/set-aside.ts'
import { storeGroup } from './store-group.ts'

export interface RetrySetAsideParts {
  aside: SetAside
  append(deliveries: readonly ReceivedDelivery[]): Promise<Replayed[]>
  onFailure(error: unknown, deliveries: number): void
  stored(delivery: ReceivedDelivery, as: Replayed, wasRefused: boolean): void
  /** Sets aside what failed before and is refused now. */
  refuse(delivery: ReceivedDelivery, error: unknown): Promise<void>
  damaged(places: number): void
  /** Whether the store is believed to take anything at all. */
  isStoring(): boolean
  log: Pick<FastifyBaseLogger, 'error'>
}

const LOOK_EVERY_MS = 1_000
/** After a failed try; each is a commit that fails. */
const PAUSE_MS = 50

export class RetrySetAside {
  readonly #parts: RetrySetAsideParts
  readonly #timer: NodeJS.Timeout
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null

  constructor(parts: RetrySetAsideParts) {
    this.#parts = parts
    this.#timer = setInterval(() => {
      this.#running ??= this.#round().finally(() => {
        this.#running = null
      })
    }, LOOK_EVERY_MS)
    this.#timer.unref()
  }

  /** Nothing more is tried. Resolves when the try under way, if any, is over. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#running
  }

  /** Never rejects. */
  async #round(): Promise<void> {
    const { aside, isStoring, log } = this.#parts
    const { signal } = this.#stopping
    while (!signal.aborted && isStoring()) {
      const file = aside.due()
      if (file === null) return
      try {
        if (await this.#try(file)) continue
      } catch (error) {
        aside.delay(file, 'failed')
        log.error({ err: error }, 'a delivery that is set aside could not be tried again')
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Returns whether the file is done with. */
  async #try(file: AsideFile): Promise<boolean> {
    const { aside, append, onFailure } = this.#parts
    const { isRejected } = file.segment
    const read = await aside.read(file)
    if (read === null) return true
    const refused = new Map<ReceivedDelivery, unknown>()
    const failed: ReceivedDelivery[] = []
    let stored = 0
    const parts = {
      append,
      onFailure,
      stored: (delivery: ReceivedDelivery, as: Replayed) => {
        stored++
        this.#parts.stored(delivery, as, isRejected)
      },
      refused: (delivery: ReceivedDelivery, error: unknown) => void refused.set(delivery, error),
    }
    for (const group of withoutRepeats(read.deliveries)) {
      const outcome = await storeGroup(group, parts, 1)
      failed.push(...outcome.failed.map(({ item }) => item))
    }
    // Closed meanwhile, the file may be another process's by now.
    this.#stopping.signal.throwIfAborted()
    if (stored > 0 && isRejected) aside.hasten()
    const rest = isRejected ? [...refused.keys(), ...failed] : failed
    if (!isRejected) for (const [delivery, error] of refused) await this.#parts.refuse(delivery, error)
    if (rest.length > 0 && rest.length === read.deliveries.length) {
      aside.delay(file, refused.size > 0 ? 'refused' : 'failed')
      return false
    }
    this.#parts.damaged(read.damages)
    await aside.replace(file, rest)
    return true
  }
}
