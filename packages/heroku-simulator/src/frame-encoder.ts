// Encodes log lines as Logplex does for a drain. Pure, and written from Logplex's source (heroku/logplex
// src/logplex_syslog_utils.erl), not as the inverse of a parser, so that the two can disagree.

/** One line as a drain carries it. */
export interface SimLine {
  priority: number
  /** As written by the source; Logplex does not change it. */
  time: string
  /** APPNAME: `app` or `heroku`. */
  source: string
  /** PROCID: `web.1`, `router`. */
  process: string
  /** With the line end of the source, if any: it is part of the count. */
  message: string | Uint8Array
}

/**
 * `<octets> SP <PRI>1 SP TIME SP host SP APPNAME SP PROCID SP - SP MESSAGE`.
 *
 * Octets are bytes (RFC 6587 §3.4.1). There is no structured data and no `-` in its place, the host is the word
 * `host`, and an empty message still has its space (logplex_http_drain.erl rfc5424/1, logplex_syslog_utils:rfc5424/8).
 */
export function encodeFrame(line: SimLine): Buffer {
  const head = `<${line.priority}>1 ${line.time} host ${line.source} ${line.process} - `
  const message = Buffer.from(line.message as Uint8Array)
  const octets = Buffer.byteLength(head) + message.length
  return Buffer.concat([Buffer.from(`${octets} ${head}`), message])
}

/** Lines that report losses have no newline: logplex_syslog_utils:overflow_msg/2 (heroku/logplex issue #105). */
export function overflowLine(lost: number, since: string, now: string, drainToken: string | null): SimLine {
  // Production has named the drain since June 2020; the published source does not. Both wordings are in use.
  const what =
    drainToken === null ? `${lost} messages dropped` : `drain '${drainToken}' dropped ${lost} messages`
  return {
    priority: 172, // local5.warning
    time: now,
    source: 'heroku',
    process: 'logplex',
    message: `Error L10 (output buffer overflow): ${what} since ${since}.`,
  }
}

/** Whole seconds, as Logplex writes its own times: `2026-08-20T10:11:12+00:00`. */
export function formatSeconds(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, 19)}+00:00`
}

/**
 * Microseconds the way production has written them since 2022: trailing zeros trimmed, no fraction at all on the
 * whole second (Go layout `.999999-07:00`, heroku/x logplex/encoding encoder.go SyslogTimeFormat).
 */
export function formatMicros(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 19)
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/(?<!0)0+$/, '')
  return fraction === '' ? `${seconds}+00:00` : `${seconds}.${fraction}+00:00`
}
