// The log drain of the minimal add-on.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, text } from '../minimal-addon.ts'

const LONGER_THAN_LOGPLEX_WAITS_MS = 5_300

export async function receiveLogs(call: Call): Promise<void> {
  const { addon, request, response, body } = call
  const { has, resources } = addon
  const header = (name: string) => request.headers[name] as string | undefined
  const token = header('logplex-drain-token')
  if (token === undefined) return text(call, has('L14') ? 500 : 401, '')
  const resource = [...resources.values()].find(({ tokens }) => tokens.has(token))
  if (resource === undefined) return text(call, has('L13') ? 429 : 404, '')
  if (resource.state === 'gone') return text(call, has('L18') ? 500 : 410, '')
  if (has('L07') && resource.state === 'provisioning') return text(call, 404, '')
  if (has('L02')) return void response.writeHead(301, { Location: '/elsewhere', 'Content-Length': 0 }).end()
  if (has('L01')) return text(call, 400, '')

  const { messages, isWhole } = readFrames(body)
  if (has('L06') && resource.frames.size === 0) await sleep(LONGER_THAN_LOGPLEX_WAITS_MS)
  if (has('L10') && !isWhole) return text(call, 400, '')
  if (has('L11') && isWhole && messages.length !== Number(header('logplex-msg-count')))
    return text(call, 400, '')
  if (has('L15') && body.length > 100_000) return text(call, 413, '')
  if (has('L16') && body.includes(0)) return text(call, 500, '')
  if (has('L17') && messages.some((message) => message.endsWith(' - '))) return text(call, 400, '')
  const frameId = header('logplex-frame-id')
  if (frameId === undefined && has('L12')) return text(call, 400, '')
  const before = frameId === undefined ? undefined : resource.frames.get(frameId)
  if (before !== undefined && before === body.toString('hex') && has('L08')) return text(call, 409, '')
  if (before !== undefined && before !== body.toString('hex') && has('L09')) return text(call, 409, '')
  resource.frames.set(frameId ?? String(resource.frames.size), body.toString('hex'))

  if (has('L05')) response.setHeader('Connection', 'close')
  if (has('L04')) return void response.writeHead(200, { 'Content-Length': 2 }).end('ok')
  if (has('L03')) {
    response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).flushHeaders()
    return void response.end()
  }
  response.writeHead(204).end()
}

/** `<octets> SP <message>`, up to the first malformed frame. */
function readFrames(body: Buffer): { messages: string[]; isWhole: boolean } {
  const messages: string[] = []
  let at = 0
  while (at < body.length) {
    const space = body.indexOf(' ', at)
    const digits = body.toString('latin1', at, space)
    if (space === -1 || !/^\d+$/.test(digits)) return { messages, isWhole: false }
    const end = space + 1 + Number(digits)
    messages.push(body.toString('latin1', space + 1, end))
    at = end
  }
  return { messages, isWhole: true }
}
