// Writes a line the way Logplex takes it in, which is not the way it gives it out: here there is structured data, `-`,
// and a host of our own (Dev Center add-on-partner-log-integration; heroku/logplex src/syslog_parser.erl). Pure.
//
//   <octets> SP <PRI>1 SP TIME SP HOST SP APPNAME SP PROCID SP - SP - SP MESSAGE LF

export interface InputLine {
  /** Microseconds since 1970. */
  timeMicros: number
  /** Whose line it is: the slug of the add-on. */
  host: string
  /** Shown before the brackets of `heroku logs`. Logplex may put the name of its token in its place. */
  source: string
  /** Shown inside of them. */
  process: string
  message: string
}

/** local7.info, as everything that a dyno prints. */
const PRIORITY = 190
/**
 * Of a message, in UTF-8; what is longer is cut. Logplex takes a frame of more than 10,240 octets for something else,
 * and Heroku's own shippers split at 10,000.
 */
export const MAX_MESSAGE_BYTES = 10_000
/** RFC 5424, 6: the longest of the three. */
const MAX_FIELD = 48

export function encodeInputFrame(line: InputLine): Buffer {
  const { timeMicros, host, source, process, message } = line
  const head = `<${PRIORITY}>1 ${time(timeMicros)} ${field(host)} ${field(source)} ${field(process)} - - `
  // With a line end inside of the count, as a dyno's lines have it: some drains split by it and know nothing of counts.
  const body = Buffer.from(`${head}${cutText(oneLine(message), MAX_MESSAGE_BYTES)}\n`)
  return Buffer.concat([Buffer.from(`${body.length} `), body])
}

function time(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 19)
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}+00:00`
}

/** Printable ASCII without a space, and never nothing. */
function field(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, MAX_FIELD) || '-'
}

/** Whoever splits by lines must not find another one in it. */
function oneLine(message: string): string {
  return message.replaceAll(/[\r\n\0]+/g, ' ')
}

/** So many bytes of it in UTF-8, or a few less: cut between characters, not inside of one. */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  // 10xxxxxx goes on a character that began before.
  while (((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
