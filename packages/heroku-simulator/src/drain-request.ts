// The bytes of one drain request: Logplex's header names, order and spelling (heroku/logplex
// src/logplex_http_drain.erl request_to_iolist/2, src/cowboy_client.erl request_to_iolist/6). Pure.
import type { DrainTarget } from './drain-url.ts'
import { encodeFrame, formatSeconds, overflowLine } from './frame-encoder.ts'

export interface DrainRequest {
  target: DrainTarget
  drainToken: string
  frameId: string
  userAgent: string
  frames: readonly Buffer[]
  /** Lost lines to report in an L10 before the frames, and since when. 0: no L10. */
  lost: number
  lostSince: number
  overflowWording: 'published' | 'production'
  now: number
}

/** The L10 is counted in Logplex-Msg-Count and written with the second of this try, so that retries differ. */
export function encodeDrainRequest(request: DrainRequest): Buffer {
  const { target, lost } = request
  const frames = [...request.frames]
  if (lost > 0) {
    const named = request.overflowWording === 'production' ? request.drainToken : null
    const since = formatSeconds(request.lostSince)
    frames.unshift(encodeFrame(overflowLine(lost, since, formatSeconds(request.now), named)))
  }
  const body = Buffer.concat(frames)
  const head = [
    `POST ${target.path} HTTP/1.1`,
    `Host: ${target.hostHeader}`,
    ...(target.authorization === null ? [] : [`Authorization: ${target.authorization}`]),
    'Content-Type: application/logplex-1',
    `Logplex-Msg-Count: ${frames.length}`,
    `Logplex-Frame-Id: ${request.frameId}`,
    `Logplex-Drain-Token: ${request.drainToken}`,
    `User-Agent: ${request.userAgent}`,
    `Content-Length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}
