// Lines -> frames to send: filtered by the condition, rendered by the format, cut if too long. Pure.

import type { LogLine } from '../../logplex/framed-line.ts'
import { cutText, encodeInputFrame, MAX_MESSAGE_BYTES } from '../../logplex/input-frame.ts'
import type { Apps } from '../../query/line-view.ts'
import { readMicros } from '../../query/time-span.ts'
import type { Format } from '../format/compile.ts'
import { lineFacts } from '../line-facts.ts'
import type { Condition } from '../vcl/condition.ts'

export interface Rendering {
  serviceId: string
  /** The endpoint's name, which `heroku logs` shows before the brackets. */
  name: string
  /** The add-on's slug. */
  addonId: string
  format: Format
  condition: Condition | null
  apps: Apps
}

/** The process of every line that we send. A line that returns through a drain of the same resource is recognised by it and not sent again. */
export function sentOnAs(addonId: string): string {
  return `${addonId}-endpoint`
}

/** What is sent of a line; null if the line is not for this endpoint. */
export function renderMessage(
  line: LogLine,
  { serviceId, addonId, format, condition, apps }: Omit<Rendering, 'name'>,
): { text: string; wasCut: boolean } | null {
  if (line.process === sentOnAs(addonId)) return null
  const facts = lineFacts(line, serviceId, apps)
  if (condition !== null && !condition(facts)) return null
  return cut(format.render(facts))
}

/** Null if the line is not for this endpoint. */
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

/** Reports lost lines to the receiver. */
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

/** Logplex refuses a request with a frame beyond its limit. The end of the line says how much is missing. */
function cut(text: string): { text: string; wasCut: boolean } {
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_MESSAGE_BYTES) return { text, wasCut: false }
  const note = ` [cut: ${bytes} bytes]`
  return { text: cutText(text, MAX_MESSAGE_BYTES - note.length) + note, wasCut: true }
}
