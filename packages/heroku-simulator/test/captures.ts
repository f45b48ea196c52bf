// Parses a captured request of a real Logplex into its lines. Written from the protocol, without the simulator's encoder.
import { readFileSync } from 'node:fs'
import type { SimLine } from '../src/frame-encoder.ts'

export interface Capture {
  bytes: Buffer
  /** Lower-case names. */
  headers: Record<string, string>
  body: Buffer
  lines: SimLine[]
}

export function readCapture(name: string): Capture {
  const bytes = readFileSync(new URL(`./fixtures/logplex/${name}.raw`, import.meta.url))
  const bodyStart = bytes.indexOf('\r\n\r\n') + 4
  const body = bytes.subarray(bodyStart)
  const headers: Record<string, string> = {}
  for (const line of bytes
    .toString('latin1', 0, bodyStart - 4)
    .split('\r\n')
    .slice(1)) {
    const colon = line.indexOf(': ')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2)
  }
  return { bytes, headers, body, lines: headers['content-length'] === undefined ? [] : readLines(body) }
}

/** The lines of the application, without the L10 of Logplex. */
export function appLines(capture: Capture): SimLine[] {
  return capture.lines.filter((line) => line.process !== 'logplex')
}

/** When Logplex wrote the L10 of this capture. */
export function overflowTime(capture: Capture): number {
  const line = capture.lines.find(({ process }) => process === 'logplex')
  return Date.parse(line?.time ?? 'no L10 in this capture')
}

function readLines(body: Buffer): SimLine[] {
  const lines: SimLine[] = []
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(' ', at)
    const end = space + 1 + Number(body.toString('latin1', at, space))
    const frame = body.subarray(space + 1, end)
    const header = /^<(\d+)>1 (\S+) host (\S+) (\S+) - /.exec(frame.toString('latin1'))
    if (header === null) throw new Error(`not a frame: ${frame.toString('latin1')}`)
    const [head, priority, time = '', source = '', process = ''] = header
    lines.push({ priority: Number(priority), time, source, process, message: frame.subarray(head.length) })
    at = end
  }
  return lines
}
