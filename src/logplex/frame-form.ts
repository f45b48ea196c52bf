// How a drain frame was written, in a few bits, so that the columns of a line give its frame back byte for byte and
// the frame itself need not be kept. Pure.
//
// A frame is reproducible when it is `<PRI>1 TIME host SOURCE PROCESS - MESSAGE` as Logplex writes it
// (heroku/logplex src/logplex_syslog_utils.erl): what varies between senders is only the bits below.

/** Digits of the second's fraction, 0 to 6. Heroku's Go senders trim trailing zeros, dynos write all six. */
export const FRACTION_DIGITS = 0b111
/** The time ends in `Z`; otherwise in `+00:00`. */
export const ZULU = 1 << 3
/** A line feed inside the octet count ends the message. */
export const LINE_FEED = 1 << 4
/** A carriage return stands before that line feed. */
export const CARRIAGE_RETURN = 1 << 5
/** `- ` stands before the message: a nil STRUCTURED-DATA, as log-shuttle writes it. */
export const NIL_STRUCTURED_DATA = 1 << 6
/** The frame ends with MSGID: no space, no message. */
export const NO_MESSAGE = 1 << 7

export interface WrittenFrame {
  priority: number
  sentAtMicros: number
  source: string
  process: string
  message: string
  form: number
}

/** Writes a reproducible frame as it came, without its octet count. */
export function writeFrame(line: WrittenFrame): Buffer {
  const { form } = line
  const head = `<${line.priority}>1 ${writeTime(line.sentAtMicros, form)} host ${line.source || '-'} ${line.process || '-'} -`
  if (form & NO_MESSAGE) return Buffer.from(head)
  const dash = form & NIL_STRUCTURED_DATA ? '- ' : ''
  const end = (form & CARRIAGE_RETURN ? '\r' : '') + (form & LINE_FEED ? '\n' : '')
  return Buffer.from(`${head} ${dash}${line.message}${end}`)
}

/** RFC 3339 with all six digits and Z: the one form in which times are shown and exchanged. */
export function formatMicros(micros: number): string {
  return writeTime(micros, 6 | ZULU)
}

function writeTime(micros: number, form: number): string {
  const millis = Math.floor(micros / 1000)
  const seconds = new Date(millis).toISOString().slice(0, 19)
  const digits = form & FRACTION_DIGITS
  const fraction = (micros - Math.floor(micros / 1e6) * 1e6).toString().padStart(6, '0')
  return `${seconds}${digits === 0 ? '' : `.${fraction.slice(0, digits)}`}${form & ZULU ? 'Z' : '+00:00'}`
}
