// The request that Heroku's API itself makes when a log drain is set on a Private Space: neither frame id nor drain
// token, and the connection closed after it (seen in vectordotdev/vector issue #6607). Its body was never published,
// only its length; the sentence here is ours.
import { callHttp, type HttpAnswer, type HttpCall, splitCredentials } from './http-call.ts'

const BODY_BYTES = 121

export async function sendSpaceProbe(options: {
  url: string
  deliverTo?: string
  now: number
  timeoutMs?: number
}): Promise<HttpAnswer> {
  const { url, authorization } = splitCredentials(options.url)
  const head = `<134>1 ${new Date(options.now).toISOString().slice(0, 19)}+00:00 host heroku api - `
  const octets = BODY_BYTES - 4
  const frame = `${octets} ${head}${'Log drain is being set up.'.padEnd(octets - head.length, '.')}`
  const headers: HttpCall['headers'] = [['User-Agent', 'excon/0.76.0']]
  if (authorization !== null) headers.push(['Authorization', authorization])
  headers.push(
    ['Content-Type', 'application/logplex-1'],
    ['Logplex-Msg-Count', '1'],
    ['Connection', 'close'],
    ['Accept', '*/*'],
  )
  const { deliverTo, timeoutMs = 5_000 } = options
  return callHttp({ method: 'POST', url, headers, body: Buffer.from(frame), timeoutMs, deliverTo })
}
