// The frame parser: bytes of a drain body in, lines as offsets into them out. Pure; copies nothing, never throws.
//
// The wire (heroku/logplex doc/README.http_drains.md; RFC 6587 §3.4.1): `<LEN> SP <MSG>`, LEN counting the bytes
// of MSG, nothing between frames. MSG is `<PRI>1 TIME HOST SOURCE PROCESS MSGID MESSAGE`: the header of RFC 5424
// without STRUCTURED-DATA and without a dash in its place. Newlines mean nothing here: a message may hold some, and
// splitting by them lets an app forge lines of the router.
//
// One bad frame never costs its neighbours. Where a count is unreadable or points past the end, the parser goes on
// at the next place that looks like a frame; what it passed over is kept as a raw line, whole, and counted.
import { isUtf8 } from 'node:buffer'
import { CARRIAGE_RETURN, LINE_FEED, NIL_STRUCTURED_DATA, NO_MESSAGE } from './frame-form.ts'
import type { FramedLine } from './framed-line.ts'
import { endOfStructuredData } from './structured-data.ts'
import { readTimestamp, UNUSUAL } from './timestamp.ts'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const DASH = 0x2d
const ZERO = 0x30
const NINE = 0x39
const LESS_THAN = 0x3c
const GREATER_THAN = 0x3e
const BRACKET = 0x5b

/** Seven digits are 10 MB, far above any body we take, and keep the sum below 2^53. */
const MAX_COUNT_DIGITS = 7
const MAX_PRIORITY = 191

export interface ParseOptions {
  /**
   * The sender writes STRUCTURED-DATA. Logplex never does: there `- item` and `[INFO] x` are text. log-shuttle,
   * which posts without Logplex from Shield spaces, does.
   */
  structuredData: boolean
}

export interface ParsedBody {
  lines: FramedLine[]
  /** Frames whose count or header is not as the protocol says. What they hold is among the lines all the same. */
  malformed: number
}

/** Parses a whole body. Every byte ends up in a line, but for stray line ends between frames and empty frames. */
export function parseFrames(body: Buffer, options: ParseOptions): ParsedBody {
  const lines: FramedLine[] = []
  // One look at the whole body instead of one at each frame: nearly every body is clean.
  const bodyIsText = isUtf8(body) && !body.includes(0)
  let malformed = 0

  const add = (start: number, end: number, wellCounted: boolean) => {
    const line = parseFrame(body, start, end, options)
    line.isText = bodyIsText
      ? !isContinuation(body[start]) && !isContinuation(body[end])
      : isText(body, start, end)
    line.reproducible &&= line.isText && wellCounted
    if (!wellCounted || isRaw(line)) malformed++
    lines.push(line)
  }

  let at = 0
  while (at < body.length) {
    const byte = body[at]
    if (byte === LF || byte === CR) {
      at++ // some senders put the line end outside of the count
      continue
    }
    const start = endOfCount(body, at)
    if (start === -1) {
      const next = findFrame(body, at + 1)
      lines.push(rawLine(body, at, next))
      malformed++
      at = next
      continue
    }
    const end = start + readCount(body, at, start - 1)
    if (end <= body.length) {
      if (end > start) add(start, end, true)
      at = end
    } else {
      // Hand-made senders often forget the last newline that their count includes: short by one is a whole frame.
      const next = findFrame(body, start)
      if (next > start) add(start, next, next === body.length && end === next + 1)
      else malformed++ // a count with nothing behind it
      at = next
    }
  }
  return { lines, malformed }
}

/** A line that is kept as bytes only: no header could be read. */
export function isRaw(line: FramedLine): boolean {
  return line.messageStart === line.start && line.messageEnd === line.end
}

/** Where the message of the frame starts whose count stands at `at`; -1 where no count does. */
function endOfCount(body: Buffer, at: number): number {
  let p = at
  while (isDigit(body[p]) && p - at < MAX_COUNT_DIGITS) p++
  return p > at && body[p] === SPACE ? p + 1 : -1
}

function readCount(body: Buffer, start: number, end: number): number {
  let count = 0
  for (let p = start; p < end; p++) count = count * 10 + (body[p] as number) - ZERO
  return count
}

/** The start of the next thing that looks like a frame and fits: `99 <190>1 …`. The end of the body if none does. */
function findFrame(body: Buffer, from: number): number {
  for (let lt = body.indexOf(LESS_THAN, from); lt !== -1; lt = body.indexOf(LESS_THAN, lt + 1)) {
    if (body[lt - 1] !== SPACE || endOfPriority(body, lt, body.length) === -1) continue
    let count = lt - 1
    while (count > from && isDigit(body[count - 1]) && lt - 1 - count < MAX_COUNT_DIGITS) count--
    if (count === lt - 1) continue
    if (lt + readCount(body, count, lt - 1) <= body.length + 1) return count
  }
  return body.length
}

/** Behind `<PRI>`; -1 where there is none. */
function endOfPriority(body: Buffer, lt: number, end: number): number {
  if (body[lt] !== LESS_THAN) return -1
  let p = lt + 1
  while (p < end && isDigit(body[p]) && p - lt <= 3) p++
  return p > lt + 1 && p < end && body[p] === GREATER_THAN ? p + 1 : -1
}

function parseFrame(body: Buffer, start: number, end: number, options: ParseOptions): FramedLine {
  const version = endOfPriority(body, start, end)
  if (version === -1) return rawLine(body, start, end)
  const time = endOfField(body, version, end) + 1
  const host = endOfField(body, time, end) + 1
  const source = endOfField(body, host, end) + 1
  const process = endOfField(body, source, end) + 1
  const msgid = endOfField(body, process, end) + 1
  if (msgid > end || !isDigit(body[version])) return rawLine(body, start, end)
  const afterMsgid = endOfField(body, msgid, end)

  const stamp = readTimestamp(body, time, host - 1)
  const priority = readCount(body, start + 1, version - 1)
  const line: FramedLine = {
    start,
    end,
    priority: priority <= MAX_PRIORITY ? priority : -1,
    sentAtMicros: stamp.micros,
    sourceStart: source,
    sourceEnd: isDash(body, source, process - 1) ? source : process - 1,
    processStart: process,
    processEnd: isDash(body, process, msgid - 1) ? process : msgid - 1,
    messageStart: Math.min(afterMsgid + 1, end),
    messageEnd: end,
    form: stamp.form & ~UNUSUAL,
    reproducible:
      (stamp.form & UNUSUAL) === 0 &&
      priority <= MAX_PRIORITY &&
      (body[start + 1] !== ZERO || version === start + 3) &&
      isOne(body, version, time - 1) &&
      isHost(body, host, source - 1) &&
      isDash(body, msgid, afterMsgid) &&
      process - 1 > source &&
      msgid - 1 > process,
    isText: true,
  }
  if (afterMsgid === end) line.form |= NO_MESSAGE
  if (options.structuredData) skipStructuredData(body, line)
  trimLineEnd(body, line)
  return line
}

/** Bytes that could not be read as a frame: the whole of them is the message. */
function rawLine(body: Buffer, start: number, end: number): FramedLine {
  return {
    start,
    end,
    priority: -1,
    sentAtMicros: Number.NaN,
    sourceStart: start,
    sourceEnd: start,
    processStart: start,
    processEnd: start,
    messageStart: start,
    messageEnd: end,
    form: 0,
    reproducible: false,
    isText: isText(body, start, end),
  }
}

function skipStructuredData(body: Buffer, line: FramedLine): void {
  const { messageStart, messageEnd } = line
  if (body[messageStart] === DASH && messageStart < messageEnd) {
    if (body[messageStart + 1] === SPACE && messageStart + 1 < messageEnd) {
      line.form |= NIL_STRUCTURED_DATA
      line.messageStart += 2
    } else if (messageStart + 1 === messageEnd) {
      line.reproducible = false
      line.messageStart = messageEnd
    }
  } else if (body[messageStart] === BRACKET) {
    const after = endOfStructuredData(body, messageStart, messageEnd)
    if (after === -1) return
    line.reproducible = false
    line.messageStart = after
  }
}

/** Takes one line end off the message; `form` remembers it. */
function trimLineEnd(body: Buffer, line: FramedLine): void {
  if (line.messageEnd === line.messageStart || body[line.messageEnd - 1] !== LF) return
  line.messageEnd--
  line.form |= LINE_FEED
  if (line.messageEnd === line.messageStart || body[line.messageEnd - 1] !== CR) return
  line.messageEnd--
  line.form |= CARRIAGE_RETURN
}

/** The next space, or `end`. Past `end` stays past it, so that a chain of fields need check only its last. */
function endOfField(body: Buffer, start: number, end: number): number {
  let p = start
  while (p < end && body[p] !== SPACE) p++
  return p
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function isText(body: Buffer, start: number, end: number): boolean {
  const bytes = body.subarray(start, end)
  return isUtf8(bytes) && !bytes.includes(0)
}

/** Exactly `-`, which stands for an absent field. */
function isDash(body: Buffer, start: number, end: number): boolean {
  return end - start === 1 && body[start] === DASH
}

/** Exactly `1`: VERSION. */
function isOne(body: Buffer, start: number, end: number): boolean {
  return end - start === 1 && body[start] === 0x31
}

/** Exactly `host`, Logplex's constant HOSTNAME. */
function isHost(body: Buffer, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    body[start] === 0x68 &&
    body[start + 1] === 0x6f &&
    body[start + 2] === 0x73 &&
    body[start + 3] === 0x74
  )
}
