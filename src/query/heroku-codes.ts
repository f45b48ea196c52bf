// What Heroku's error codes mean, a line each, and where Heroku explains them: Dev Center, "Heroku Error Codes" and
// "Log Runtime Metrics". Pure.

export interface HerokuCode {
  code: string
  meaning: string
  url: string
}

const ARTICLE = 'https://devcenter.heroku.com/articles/error-codes'

/** Code -> Heroku's title of it, from which the article's anchors are made, and what it means for the reader. */
const CODES: Record<string, readonly [title: string, meaning: string]> = {
  H10: ['App crashed', 'A web dyno crashed or could not start, so nobody answers'],
  H11: ['Backlog too deep', 'More requests wait than the dynos can take on'],
  H12: ['Request timeout', 'The app took longer than 30 seconds to answer'],
  H13: ['Connection closed without response', 'A dyno accepted the request and hung up without an answer'],
  H14: ['No web dynos running', 'The app has no web dyno: scale it up'],
  H15: ['Idle connection', 'No byte was sent for 55 seconds, so the router hung up'],
  H16: ['Redirect to herokuapp.com', 'A request was sent on to the herokuapp.com address'],
  H17: ['Poorly formatted HTTP response', 'The app answered something that is not HTTP'],
  H18: ['Server Request Interrupted', 'The app hung up before all of the request had come in'],
  H19: ['Backend connection timeout', 'A dyno did not take the connection within five seconds'],
  H20: ['App boot timeout', 'No dyno became ready within 75 seconds'],
  H21: ['Backend connection refused', 'A dyno refused the connection: it may be shutting down'],
  H22: ['Connection limit reached', 'A dyno has as many connections open as the router allows'],
  H23: ['Endpoint misconfigured', 'A dyno answered a websocket in a way that the router cannot use'],
  H24: ['Forced close', 'The router was shut down with this connection open'],
  H25: ['HTTP Restriction', 'The answer breaks a rule of HTTP, such as two lengths'],
  H26: ['Request Error', 'The request breaks a rule of HTTP'],
  H27: ['Client Request Interrupted', 'The client hung up before the app had answered'],
  H28: ['Client Connection Idle', 'The client sent nothing for 55 seconds'],
  H31: ['Misdirected Request', 'The connection was made for another host name'],
  H80: ['Maintenance mode', 'The app is in maintenance mode'],
  H81: ['Blank app', 'Nothing has been deployed to the app yet'],
  H82: ['Eco dyno quota exhausted', 'The month’s eco dyno hours are used up'],
  H83: ['Planned Service Degradation', 'Heroku announced limited service'],
  H99: ['Platform error', 'Something went wrong inside Heroku: see status.heroku.com'],
  R10: ['Boot timeout', 'The web process did not listen on $PORT within 60 seconds'],
  R11: ['Bad bind', 'The process listened on another port than $PORT'],
  R12: ['Exit timeout', 'The process did not end within 30 seconds of SIGTERM and was killed'],
  R13: ['Attach error', 'A one-off dyno was started and could not be attached to'],
  R14: ['Memory quota exceeded', 'The dyno uses more memory than it has and swaps: it is slow now'],
  R15: ['Memory quota vastly exceeded', 'The dyno used several times its memory and was killed'],
  R16: ['Detached', 'The dyno goes on although nobody is attached to it'],
  R17: ['Checksum error', 'The slug did not arrive intact, so the dyno did not start'],
  R99: ['Platform error', 'Something went wrong inside Heroku: see status.heroku.com'],
  L10: ['Drain buffer overflow', 'Heroku dropped lines on their way here: more came than could be delivered'],
  L11: ['Tail buffer overflow', 'Heroku dropped lines of a “heroku logs --tail” that read too slowly'],
  L12: ['Local buffer overflow', 'The dyno printed faster than it could send, and dropped lines'],
  L13: ['Local delivery error', 'The dyno could not send lines to Heroku’s log router, and dropped them'],
  L14: ['Certificate validation error', 'A log drain’s certificate is not valid'],
  L15: ['Tail buffer temporarily unavailable', 'Heroku could not serve “heroku logs” for a moment'],
}

export function herokuCode(code: string): HerokuCode | undefined {
  const entry = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  if (entry === undefined) return undefined
  const [title, meaning] = entry
  const anchor = `${code} ${title}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return { code, meaning, url: `${ARTICLE}#${anchor}` }
}

export const HEROKU_CODES: readonly string[] = Object.keys(CODES)
