// The cookies of a browser: Set-Cookie lines in, a Cookie header out. Pure.
import type { Answer } from './exchange.ts'
import { headerValues } from './exchange.ts'

export interface Cookie {
  name: string
  value: string
  path: string
  httpOnly: boolean
  secure: boolean
  /** In lower case; null if missing. */
  sameSite: string | null
}

export function cookiesOf(answer: Answer): Cookie[] {
  return headerValues(answer.headers, 'set-cookie').map((line) => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const attribute = (name: string) =>
      attributes.find((one) => one.toLowerCase().split('=')[0] === name)?.split('=')[1] ?? null
    const has = (name: string) => attributes.some((one) => one.toLowerCase() === name)
    return {
      name: pair.slice(0, at),
      value: pair.slice(at + 1),
      path: attribute('path') ?? '/',
      httpOnly: has('httponly'),
      secure: has('secure'),
      sameSite: attribute('samesite')?.toLowerCase() ?? null,
    }
  })
}

/** A later cookie replaces an earlier one of the same name and path. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  keep(answer: Answer): void {
    for (const cookie of cookiesOf(answer)) this.#cookies.set(`${cookie.name};${cookie.path}`, cookie)
  }

  /** Null if there is none for this address. Secure cookies are sent over http too. */
  header(url: string): string | null {
    const { pathname } = new URL(url)
    const goes = ({ path }: Cookie) =>
      pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
    const pairs = [...this.#cookies.values()].filter(goes).map(({ name, value }) => `${name}=${value}`)
    return pairs.length === 0 ? null : pairs.join('; ')
  }
}
