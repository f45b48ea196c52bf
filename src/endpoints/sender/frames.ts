// Lines as the frames that are sent on: chosen by the condition, rendered by the format, cut where they are too long. Pure.

import type { LogLine } from '../../logplex/framed-line.ts'
import { cutText, encodeInputFrame, MAX_MESSAGE_BYTES } from '../../logplex/input-frame.ts'
import type { Apps } from '../../query/line-view.ts'
import { readMicros } from '../../query/time-span.ts'
import type { Format } from '../format/compile.ts'
import { lineFacts } from '../line-facts.ts'
import type { Condition } from '../vcl/condition.ts'

export interface Rendering {
  serviceId: string
  /** The endpoint's: shown before the brackets of `heroku logs`. */
  name: string
  /** The slug of the add-on. */
  addonId: string
  format: Format
  condition: Condition | null
  apps: Apps
}

/**
 * The process of every line that we send on. If it comes back through a drain of the same resource, it is known by
 * that and not sent again.
 */
export function sentOnAs(addonId: string): string {
  return `${addonId}-endpoint`
}

/** What is sent of a line; null where the line is not for this endpoint. */
export function renderMessage(
  line: LogLine,
  { serviceId, addonId, format, condition, apps }: Omit<Rendering, 'name'>,
): { text: string; wasCut: boolean } | null {
  if (line.process === sentOnAs(addonId)) return null
  const facts = lineFacts(line, serviceId, apps)
  if (condition !== null && !condition(facts)) return null
  return cut(format.render(facts))
}

/** Null where the line is not for this endpoint. */
export function renderFrame(line: LogLine, rendering: Rendering): { frame: Buffer; wasCut: boolean } | null {
  const rendered = renderMessage(line, rendering)
  if (rendered === null) return null
  const { name, addonId } = rendering
  return {
    wasCut: rendered.wasCut,
    frame: encodeInputFrame({
      timeMicros: readMicros(line.sentAt),
      host: addonId,
      source: name,
      process: sentOnAs(addonId),
      message: rendered.text,
    }),
  }
}

/** What a receiver is told of lines that it will not get. */
export function lossFrame(lines: number, atMicros: number, { name, addonId }: Rendering): Buffer {
  const were = lines === 1 ? 'line was' : 'lines were'
  return encodeInputFrame({
    timeMicros: atMicros,
    host: addonId,
    source: name,
    process: sentOnAs(addonId),
    message: `${lines} ${were} not sent: refused, or not taken for too long`,
  })
}

/** Logplex takes no frame beyond its limit, nor anything that comes with it. What is missing is said at the end. */
function cut(text: string): { text: string; wasCut: boolean } {
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_MESSAGE_BYTES) return { text, wasCut: false }
  const note = ` [cut: ${bytes} bytes]`
  return { text: cutText(text, MAX_MESSAGE_BYTES - note.length) + note, wasCut: true }
}
