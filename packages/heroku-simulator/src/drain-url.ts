// Reads a drain URL as Logplex does (ex_uri with captured text, heroku/logplex src/logplex_http_drain.erl), which is
// not how a browser does: nothing is percent-decoded, and the userinfo is cut at colons. Pure.

export interface DrainTarget {
  tls: boolean
  host: string
  port: number
  /** With the port only where the URL has one. */
  hostHeader: string
  /** Path and query; the fragment is dropped. */
  path: string
  /** The value of the Authorization header, or null. */
  authorization: string | null
}

const URL_PARTS = /^(https?):\/\/(?:([^@/?#]*)@)?([^@:/?#]+)(?::(\d+))?([^?#]*)(\?[^#]*)?(?:#.*)?$/s

/** @throws Error where Logplex would refuse the URL, or where its drain process would crash on it */
export function readDrainUrl(url: string): DrainTarget {
  const parts = URL_PARTS.exec(url)
  if (parts === null)
    throw new Error(`Logplex takes no such drain URL: ${url.replace(/\/\/[^@/]*@/, '//[redacted]@')}`)
  const [, scheme, userinfo, host = '', port, path, query = ''] = parts
  const tls = scheme === 'https'
  return {
    tls,
    host,
    port: port === undefined ? (tls ? 443 : 80) : Number(port),
    hostHeader: port === undefined ? host : `${host}:${port}`,
    path: `${path === '' ? '/' : path}${query}`,
    authorization: authorization(userinfo),
  }
}

/**
 * cowboy_client:auth_header/1. string:tokens drops empty halves, so `:secret@` makes the secret the user name, with an
 * empty password; a second colon has no clause and crashes the drain.
 */
function authorization(userinfo: string | undefined): string | null {
  if (userinfo === undefined || userinfo === '') return null
  const halves = userinfo.split(':').filter((half) => half !== '')
  if (halves.length === 0 || halves.length > 2) {
    throw new Error('A Logplex drain process crashes on this userinfo: give it one user and one password.')
  }
  return `Basic ${Buffer.from(`${halves[0]}:${halves[1] ?? ''}`, 'latin1').toString('base64')}`
}
