// Shows what a format would send of a resource's last lines before it is stored, or where its text is wrong. Bounded work,
// because the page asks with every key press.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import { Allowance } from '../logs/exclusion/allowance.ts'
import type { LogStore } from '../logs/log-store.ts'
import { EVERYTHING } from '../query/everything.ts'
import type { Apps } from '../query/line-view.ts'
import { compileFormat, type FormatVersion } from './format/compile.ts'
import { Refusal } from './refusal.ts'
import { renderMessage } from './sender/frames.ts'
import type { ServiceStore } from './service-store.ts'
import { compileCondition } from './vcl/condition.ts'
import { DASH } from './vcl/expression.ts'

export interface PreviewParts {
  services: Pick<ServiceStore, 'find'>
  logs: Pick<LogStore, 'read'>
  appNames(resourceNumber: number): Promise<Apps>
  /** The slug. */
  addonId: string
  /** Milliseconds of any clock; only differences count. */
  clock(): number
}

export interface PreviewQuestion {
  /** Facts of the service; null: none. */
  serviceId: string | null
  format: string
  formatVersion: FormatVersion
  /** Null: every line. */
  statement: string | null
  /** Aborts early. */
  signal: AbortSignal
}

export interface Preview {
  /** Why it would be refused, so that nothing is shown. */
  mistakes: { of: 'format' | 'condition'; at: number; reason: string }[]
  /** Newest first. */
  lines: { line: LogLine; text: string; wasCut: boolean }[]
  /** How many of the last lines were examined. */
  lookedAt: number
}

export type PreviewFormat = (
  resource: { id: string; number: number },
  question: PreviewQuestion,
) => Promise<Preview>

const SHOWN_LINES = 10
/** How far back it searches for lines that the condition accepts. */
const MAX_LINES = 1_000
const PAGE_LINES = 100
/** Time limit of one preview; at least one line is examined. */
const MAX_MS = 1_000
/** Share of all previews of a process: an expensive condition is shown fewer lines. */
const MS_PER_SECOND = 200
/** How often rendering yields to other requests. */
const SLICE_MS = 10

export function createPreview({ services, logs, appNames, addonId, clock }: PreviewParts): PreviewFormat {
  const allowance = new Allowance(MS_PER_SECOND, clock)

  async function render(
    lines: AsyncIterable<LogLine>,
    rendering: Parameters<typeof renderMessage>[1],
  ): Promise<Pick<Preview, 'lines' | 'lookedAt'>> {
    const rendered: Preview['lines'] = []
    let lookedAt = 0
    const endsAt = clock() + MAX_MS
    let spentMs = 0
    for await (const line of lines) {
      const beganAt = clock()
      const message = renderMessage(line, rendering)
      if (message !== null) rendered.push({ line, ...message })
      lookedAt++
      const tookMs = clock() - beganAt
      const isLeft = allowance.spend(tookMs)
      if (!isLeft || rendered.length === SHOWN_LINES || lookedAt === MAX_LINES || clock() > endsAt) break
      spentMs += tookMs
      if (spentMs < SLICE_MS) continue
      await nextTurn()
      spentMs = 0
    }
    return { lines: rendered, lookedAt }
  }

  /** @throws AppError not_found, where the service is not the resource's */
  return async (resource, { serviceId, format: text, formatVersion, statement, signal }) => {
    const service = serviceId === null ? null : await services.find(resource.id, serviceId)
    if (serviceId !== null && (service === null || service.deletedAt !== null))
      throw new AppError('not_found')
    const mistakes: Preview['mistakes'] = []
    const format = compiled('format', () => compileFormat(text, formatVersion), mistakes)
    const condition =
      statement === null ? null : compiled('condition', () => compileCondition(statement), mistakes)
    if (format === null || mistakes.length > 0) return { mistakes, lines: [], lookedAt: 0 }
    const apps = await appNames(resource.number)
    const rendering = { serviceId: serviceId ?? DASH, addonId, format, condition, apps }
    return { mistakes, ...(await render(lastLines(logs, resource.number, signal), rendering)) }
  }
}

function compiled<T>(of: 'format' | 'condition', compile: () => T, mistakes: Preview['mistakes']): T | null {
  try {
    return compile()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    mistakes.push({ of, at: error.at, reason: error.reason })
    return null
  }
}

async function* lastLines(
  logs: Pick<LogStore, 'read'>,
  resourceNumber: number,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  let older: string | null = null
  do {
    const page = await logs.read({
      resourceNumber,
      search: EVERYTHING,
      limit: PAGE_LINES,
      signal,
      ...(older !== null && { before: older }),
    })
    yield* page.lines
    older = page.older
  } while (older !== null)
}
