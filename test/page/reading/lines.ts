// Lines as the API gives them, for tests of how they are read.
import type { Line } from '../../../src/page/reading/line.ts'

let made = 0

export function line(message: string, fields: Partial<Line> = {}): Line {
  const micros = 1_795_255_200_000_000 + made++ * 1_000
  const sent = new Date(micros / 1_000).toISOString().replace('Z', '000Z')
  return {
    cursor: `${micros}-${micros}`,
    sent_at: sent,
    received_at: sent,
    drain_id: 1,
    app: 'shop',
    priority: 190,
    level: null,
    code: null,
    source: 'app',
    process: 'web.1',
    message,
    ...fields,
  }
}

export const ROUTER =
  'at=info method=GET path="/cart/7?x=1" host=shop.example request_id=5f1f8a52-9c9e-4d53-8f2f-0a6f1f1d8a11 fwd="203.0.113.9" dyno=web.1 connect=1ms service=1234ms status=503 bytes=812 protocol=https'

export function routerLine(message = ROUTER): Line {
  return line(message, { source: 'heroku', process: 'router' })
}
