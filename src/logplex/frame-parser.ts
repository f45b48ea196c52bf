// The frame parser: bytes of a drain body in, lines as offsets into them out. Pure; copies nothing, never throws. One
// frame takes a bounded time, whatever it holds, and a parse can be paused between two of them.
//
// The wire (heroku/logplex doc/README.http_drains.md; RFC 6587 §3.4.1): `<LEN> SP <MSG>`, LEN counting the bytes
// of MSG, nothing between frames. MSG is `<PRI>1 TIME HOST SOURCE PROCESS MSGID MESSAGE`: the header of RFC 5424
// without STRUCTURED-DATA and without a dash in its place. Newlines mean nothing here: a message may hold some, and
// splitting by them lets an app forge lines of the router.
//
// One bad frame never costs its neighbours. Where a count is unreadable or points past the end, the parser goes on
// at the next place that looks like a frame; what it passed over is kept as a raw line, whole, and counted.
import { isUtf8 } from 'node:buffer'
import { atOnce, type SlicedWork } from '../time-slices.ts'
import { CARRIAGE_RETURN, LINE_FEED, NIL_STRUCTURED_DATA, NO_MESSAGE } from './frame-form.ts'
import type { FramedLine } from './framed-line.ts'
import { LinePacker, type PackedLines } from './packed-lines.ts'
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

/** More than this of a frame is not looked at for its header, nor for structured data; a Logplex header is 80 bytes. */
const MAX_HEADER_BYTES = 4_096
const MAX_STRUCTURED_DATA_BYTES = 16_384

/**
 * Lines taken of one delivery. A Logplex sends 1,025 at most (heroku/logplex src/logplex_msg_buffer.erl), a log-shuttle 500;
 * without a bound, three bytes of a body become a line, which costs a hundred.
 */
export const MAX_LINES = 10_000
/** Where the sender does not tell how many lines there are, one for so many bytes is a start. */
const BYTES_A_LINE = 150
/** Steps between two looks at the clock: some 20 µs. */
const STEPS = 64
/** Places that a search for the next frame looks at in one step. */
const SEARCH_STEP = 32

export interface ParseOptions {
  /**
   * The sender writes STRUCTURED-DATA. Logplex never does: there `- item` and `[INFO] x` are text. log-shuttle,
   * which posts without Logplex from Shield spaces, does.
   */
  structuredData: boolean
  /** How many lines the sender says there are: only a guide to how much room they take. */
  announced?: number | undefined
}

export interface ParsedBody {
  lines: PackedLines
  /** Frames whose count or header is not as the protocol says. What they hold is among the lines all the same. */
  malformed: number
  /** Frames above MAX_LINES: read over and counted, and not among the lines. */
  beyond: number
  /** The bytes that the lines were made of: the body, or its part up to the first frame above MAX_LINES. */
  bytes: number
}

/** Parses a whole body. Every byte ends up in a line, but for stray line ends between frames and empty frames. */
export function parseFrames(body: Buffer, options: ParseOptions): ParsedBody {
  return atOnce(new FrameParser(body, options))
}

export class FrameParser implements SlicedWork<ParsedBody> {
  readonly #body: Buffer
  readonly #options: ParseOptions
  /** One look at the whole body instead of one at each frame: nearly every body is clean. */
  readonly #bodyIsText: boolean
  readonly #packer: LinePacker
  /** Written again for each frame. */
  readonly #line: FramedLine = rawLine(0, 0)
  #at = 0
  #malformed = 0
  #beyond = 0
  #keptTo = -1
  #search: Search | null = null

  constructor(body: Buffer, options: ParseOptions) {
    this.#body = body
    this.#options = options
    this.#bodyIsText = isUtf8(body) && !body.includes(0)
    const likely = options.announced ?? body.length / BYTES_A_LINE
    // A frame with its count has three bytes at least.
    this.#packer = new LinePacker(Math.ceil(Math.min(likely, body.length / 3, MAX_LINES)) || 1)
  }

  run(isOver: () => boolean): boolean {
    for (let steps = STEPS; this.#at < this.#body.length; steps--) {
      if (steps === 0) {
        if (isOver()) return false
        steps = STEPS
      }
      if (this.#search === null) this.#step()
      else this.#searchOn(this.#search)
    }
    return true
  }

  result(): ParsedBody {
    return {
      lines: this.#packer.pack(),
      malformed: this.#malformed,
      beyond: this.#beyond,
      bytes: this.#keptTo === -1 ? this.#body.length : this.#keptTo,
    }
  }

  #step(): void {
    const body = this.#body
    const at = this.#at
    const byte = body[at]
    if (byte === LF || byte === CR) {
      this.#at++ // some senders put the line end outside of the count
      return
    }
    const start = endOfCount(body, at)
    if (start === -1) {
      this.#search = { start: at, end: -1, from: at + 1, lessThan: at + 1 }
      return
    }
    const end = start + readCount(body, at, start - 1)
    if (end > body.length) {
      this.#search = { start, end, from: start, lessThan: start }
      return
    }
    if (end > start) this.#add(at, start, end, true)
    this.#at = end
  }

  /** Where a count cannot be believed, the frame goes to the next thing that looks like one. */
  #searchOn(search: Search): void {
    const next = findFrame(this.#body, search)
    if (next === -1) return
    this.#search = null
    const { start, end } = search
    const before = this.#at
    this.#at = next
    // A count with nothing after it.
    if (next === start) this.#malformed++
    else if (end === -1) this.#addRaw(start, next)
    // Hand-made senders often forget the last newline that their count includes: short by one is a whole frame.
    else this.#add(before, start, next, next === this.#body.length && end === next + 1)
  }

  /** @param before where its count stands */
  #add(before: number, start: number, end: number, wellCounted: boolean): void {
    if (!this.#hasRoom(before)) return
    const body = this.#body
    const line = this.#line
    parseFrame(body, start, end, this.#options, line)
    line.isText = this.#bodyIsText
      ? !isContinuation(body[start]) && !isContinuation(body[end])
      : isText(body, start, end)
    line.reproducible &&= line.isText && wellCounted
    if (!wellCounted || isRaw(line)) this.#malformed++
    this.#packer.add(line)
  }

  #addRaw(start: number, end: number): void {
    if (!this.#hasRoom(start)) return
    const line = Object.assign(this.#line, rawLine(start, end))
    line.isText = isText(this.#body, start, end)
    this.#malformed++
    this.#packer.add(line)
  }

  #hasRoom(before: number): boolean {
    if (this.#packer.length < MAX_LINES) return true
    if (this.#keptTo === -1) this.#keptTo = before
    this.#beyond++
    return false
  }
}

/** A frame whose end is looked for. */
interface Search {
  start: number
  /** Where its count says that it ends, past the end of the body; -1 where it has none. */
  end: number
  /** A frame may begin from here on. */
  from: number
  /** The next `<` is looked for from here on. */
  lessThan: number
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

/**
 * The start of the next thing that looks like a frame and fits: `99 <190>1 …`. The end of the body if none does; -1 where
 * the search is to go on.
 */
function findFrame(body: Buffer, search: Search): number {
  const { from } = search
  for (let steps = 0; steps < SEARCH_STEP; steps++) {
    const lt = body.indexOf(LESS_THAN, search.lessThan)
    if (lt === -1) return body.length
    search.lessThan = lt + 1
    if (body[lt - 1] !== SPACE || endOfPriority(body, lt, body.length) === -1) continue
    let count = lt - 1
    while (count > from && isDigit(body[count - 1]) && lt - 1 - count < MAX_COUNT_DIGITS) count--
    if (count === lt - 1) continue
    if (lt + readCount(body, count, lt - 1) <= body.length + 1) return count
  }
  return -1
}

/** Behind `<PRI>`; -1 where there is none. */
function endOfPriority(body: Buffer, lt: number, end: number): number {
  if (body[lt] !== LESS_THAN) return -1
  let p = lt + 1
  while (p < end && isDigit(body[p]) && p - lt <= 3) p++
  return p > lt + 1 && p < end && body[p] === GREATER_THAN ? p + 1 : -1
}

/** Into `line`. */
function parseFrame(body: Buffer, start: number, end: number, options: ParseOptions, line: FramedLine): void {
  const headEnd = Math.min(end, start + MAX_HEADER_BYTES)
  const version = endOfPriority(body, start, headEnd)
  if (version === -1) {
    Object.assign(line, rawLine(start, end))
    return
  }
  const time = endOfField(body, version, headEnd) + 1
  const host = endOfField(body, time, headEnd) + 1
  const source = endOfField(body, host, headEnd) + 1
  const process = endOfField(body, source, headEnd) + 1
  const msgid = endOfField(body, process, headEnd) + 1
  const afterMsgid = endOfField(body, msgid, headEnd)
  const isWhole = msgid <= headEnd && (afterMsgid < headEnd || headEnd === end)
  if (!isWhole || !isDigit(body[version])) {
    Object.assign(line, rawLine(start, end))
    return
  }

  const stamp = readTimestamp(body, time, host - 1)
  const priority = readCount(body, start + 1, version - 1)
  line.start = start
  line.end = end
  line.priority = priority <= MAX_PRIORITY ? priority : -1
  line.sentAtMicros = stamp.micros
  line.sourceStart = source
  line.sourceEnd = isDash(body, source, process - 1) ? source : process - 1
  line.processStart = process
  line.processEnd = isDash(body, process, msgid - 1) ? process : msgid - 1
  line.messageStart = Math.min(afterMsgid + 1, end)
  line.messageEnd = end
  line.form = stamp.form & ~UNUSUAL
  line.reproducible =
    (stamp.form & UNUSUAL) === 0 &&
    priority <= MAX_PRIORITY &&
    (body[start + 1] !== ZERO || version === start + 3) &&
    isOne(body, version, time - 1) &&
    isHost(body, host, source - 1) &&
    isDash(body, msgid, afterMsgid) &&
    process - 1 > source &&
    msgid - 1 > process
  if (afterMsgid === end) line.form |= NO_MESSAGE
  if (options.structuredData) skipStructuredData(body, line)
  trimLineEnd(body, line)
}

/** Bytes that could not be read as a frame: the whole of them is the message. */
function rawLine(start: number, end: number): FramedLine {
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
    isText: false,
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
    const limit = Math.min(messageEnd, messageStart + MAX_STRUCTURED_DATA_BYTES)
    const after = endOfStructuredData(body, messageStart, limit)
    const isCut = after === limit && limit < messageEnd
    if (after === -1 || isCut) return
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
