// The log input of the simulated Logplex, with which add-ons write into the log of an app. As strict as heroku/logplex
// src/logplex_logs_rest.erl and src/syslog_parser.erl: it answers 400 to what they refuse.
import { splitCredentials } from './http-call.ts'
import type { SimAnswer } from './id-server.ts'
import type { Random } from './random.ts'

/** One line of the input format, which has structured data, unlike a drain. */
export interface InputLine {
  /** The app whose log it was written to. */
  appId: string
  priority: number
  time: string
  host: string
  source: string
  process: string
  message: string
}

export interface LogInputRequest {
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** A longer frame is malformed (SYSLOG_MAX_SIZE). */
const MAX_OCTETS = 10_240
const HEADER = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) \S+ /
const STRUCTURED_DATA = /(?:-|(?:\[[^\]]*\])+) ?/y

export class LogInput {
  /** All accepted lines, in order. */
  readonly lines: InputLine[] = []
  /** Every token that was issued, so that tests can search for leaks. */
  readonly secrets: string[] = []
  readonly #random: Random
  readonly #origin: string
  readonly #onLine: (line: InputLine) => void
  /** By resource and app. */
  readonly #addresses = new Map<string, string>()

  /** @param origin of its addresses; Heroku's is https://1.us.logplex.io */
  constructor(options: { random: Random; origin: string; onLine: (line: InputLine) => void }) {
    this.#random = options.random
    this.#origin = options.origin
    this.#onLine = options.onLine
  }

  /** The address with which a resource writes into the log of an app. */
  addressOf(resourceId: string, appId: string): string {
    return this.#addresses.get(`${resourceId} ${appId}`) ?? this.rotate(resourceId, appId)
  }

  /** Issues a new address; the previous one becomes invalid. */
  rotate(resourceId: string, appId: string): string {
    const token = `t.${this.#random.uuid()}`
    this.secrets.push(token)
    const address = new URL('/logs', this.#origin)
    address.username = 'token'
    address.password = token
    this.#addresses.set(`${resourceId} ${appId}`, address.href)
    return address.href
  }

  /** POST /logs */
  take({ headers, body }: LogInputRequest): SimAnswer {
    const appId = this.#appOf(headers.authorization)
    if (appId === null) {
      return { status: 401, body: 'Not Authorized', headers: { 'WWW-Authenticate': 'Basic realm=Logplex' } }
    }
    if (!/^application\/(x-)?logplex-1$/.test(String(headers['content-type']))) {
      return { status: 415, body: 'Unsupported Media Type' }
    }
    if (headers['content-length'] === undefined) return { status: 411, body: 'Length Required' }
    // "Please use a unique User-Agent": the Dev Center asks for one that names the add-on.
    if (/^(node|undici|$)/.test(String(headers['user-agent'] ?? '')))
      return { status: 400, body: 'No User-Agent' }
    const lines = readLines(body, appId)
    if (lines === null) return { status: 400, body: 'Malformed message' }
    const announced = headers['logplex-msg-count']
    if (announced !== undefined && Number(announced) !== lines.length) {
      return { status: 400, body: 'Message count mismatch' }
    }
    for (const line of lines) {
      this.lines.push(line)
      this.#onLine(line)
    }
    return { status: 204, body: '' }
  }

  #appOf(authorization: string | string[] | undefined): string | null {
    for (const [key, address] of this.#addresses) {
      if (splitCredentials(address).authorization === authorization) return key.split(' ')[1] ?? null
    }
    return null
  }
}

/** Null if any of it is malformed: then nothing is accepted. */
function readLines(body: Buffer, appId: string): InputLine[] | null {
  const lines: InputLine[] = []
  let at = 0
  while (at < body.length) {
    const [head, digits] = /^([1-9]\d{0,5}) /.exec(body.toString('latin1', at, at + 8)) ?? []
    const octets = Number(digits)
    if (head === undefined || octets > MAX_OCTETS) return null
    const from = at + head.length
    at = from + octets
    if (at > body.length) return null
    const frame = body.toString('utf8', from, at)
    const fields = HEADER.exec(frame)
    if (fields === null || Number(fields[1]) > 191) return null
    const [header, priority, time = '', host = '', source = '', process = ''] = fields
    STRUCTURED_DATA.lastIndex = header.length
    if (!STRUCTURED_DATA.test(frame)) return null
    const message = frame.slice(STRUCTURED_DATA.lastIndex)
    lines.push({ appId, priority: Number(priority), time, host, source, process, message })
  }
  return lines
}
