// What a format would send of a resource's last lines, before anybody stores it: the lines that its condition lets
// through, or where the text is wrong. What is looked at is bounded, because it is asked with every key that is typed.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { LogLine } from '../logs/line.ts'
import type { LogStore } from '../logs/log-store.ts'
import { EVERYTHING } from '../logs/query/everything.ts'
import type { Apps } from '../logs/query/searched-line.ts'
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
}

export interface PreviewQuestion {
  /** What the line is told of its service; null: nothing. */
  serviceId: string | null
  format: string
  formatVersion: FormatVersion
  /** Null: every line. */
  statement: string | null
  /** Ends it early. */
  signal: AbortSignal
}

export interface Preview {
  /** Why nothing would be stored, and so nothing is shown. */
  mistakes: { of: 'format' | 'condition'; at: number; reason: string }[]
  /** Newest first. */
  lines: { line: LogLine; text: string; wasCut: boolean }[]
  /** How many of the last lines were asked whether they are sent. */
  lookedAt: number
}

const SHOWN_LINES = 10
/** How far back lines are looked for that the condition lets through. */
const MAX_LINES = 1_000
const PAGE_LINES = 100
/** Some lines and some conditions take long; at least one line is looked at. */
const MAX_MS = 1_000
/** Other requests wait while lines are rendered: they are let through this often. */
const SLICE_MS = 10

/** @throws AppError not_found, where the service is not the resource's */
export async function previewFormat(
  { services, logs, appNames, addonId }: PreviewParts,
  resource: { id: string; number: number },
  { serviceId, format: text, formatVersion, statement, signal }: PreviewQuestion,
): Promise<Preview> {
  const service = serviceId === null ? null : await services.find(resource.id, serviceId)
  if (serviceId !== null && (service === null || service.deletedAt !== null)) throw new AppError('not_found')

  const mistakes: Preview['mistakes'] = []
  const compiled = <T>(of: 'format' | 'condition', compile: () => T): T | null => {
    try {
      return compile()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      mistakes.push({ of, at: error.at, reason: error.reason })
      return null
    }
  }
  const format = compiled('format', () => compileFormat(text, formatVersion))
  const condition = statement === null ? null : compiled('condition', () => compileCondition(statement))
  if (format === null || mistakes.length > 0) return { mistakes, lines: [], lookedAt: 0 }

  const apps = await appNames(resource.number)
  const rendering = { serviceId: serviceId ?? DASH, addonId, format, condition, apps }
  const lines: Preview['lines'] = []
  let lookedAt = 0
  const endsAt = performance.now() + MAX_MS
  let pauseAt = performance.now() + SLICE_MS
  for await (const line of lastLines(logs, resource.number, signal)) {
    lookedAt++
    const rendered = renderMessage(line, rendering)
    if (rendered !== null) lines.push({ line, ...rendered })
    if (lines.length === SHOWN_LINES || lookedAt === MAX_LINES || performance.now() > endsAt) break
    if (performance.now() < pauseAt) continue
    await nextTurn()
    pauseAt = performance.now() + SLICE_MS
  }
  return { mistakes, lines, lookedAt }
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
