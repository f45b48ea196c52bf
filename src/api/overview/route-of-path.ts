// Paths of requests as the routes they are of: without their query, numbers and ids as *. Pure.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Has a digit, and is long or nothing but digits: 42, 5f1d7a84cf0b2c0001a2b3c4, 2026-11-21 */
const NUMBER = /^[.,:-]*\d[\d.,:-]*$/
const LONG_ID = /^(?=.*\d)[\w-]{16,}$/
/** app-4f1c9d2e.js */
const FINGERPRINT = /([.-])[0-9a-f]{8,64}(?=\.\w+$)/
const MAX_CHARACTERS = 200

/** /orders/4711?page=2 -> /orders/* */
export function routeOfPath(path: string): string {
  const [plain = ''] = path.split(/[?#]/, 1)
  const segments = plain.slice(0, MAX_CHARACTERS).split('/')
  return segments
    .map((segment) =>
      UUID.test(segment) || NUMBER.test(segment) || LONG_ID.test(segment)
        ? '*'
        : segment.replace(FINGERPRINT, '$1*'),
    )
    .join('/')
}
