// Lines as formats and conditions are asked about them.
import { type LineFacts, lineFacts } from '../../src/endpoints/line-facts.ts'
import type { LogLine } from '../../src/logplex/framed-line.ts'

export const SERVICE_ID = 'SU1Z0isxPaozGVKXdv0eY9'

type Fields = Partial<Pick<LogLine, 'sentAt' | 'source' | 'process' | 'priority' | 'drainId'>>

export function line(message: string, fields: Fields = {}): LineFacts {
  const { sentAt = '2026-11-21T10:00:05.250000Z', source = 'app', process = 'web.1' } = fields
  const { priority = 190, drainId = 1 } = fields
  const apps = new Map([[1, 'falcon-shop']])
  return lineFacts({ message, sentAt, source, process, priority, drainId }, SERVICE_ID, apps)
}

/** A line of Heroku's router, 2.0 unless said otherwise. */
export function routerLine(changes: Record<string, string> = {}): LineFacts {
  const fields: Record<string, string> = {
    at: 'info',
    method: 'GET',
    path: '"/cart/items?sort=price&page=2"',
    host: 'www.example.com',
    request_id: '0d8a7c5e-54f7-4a3f-9f5c-1b3c8f0e9a11',
    fwd: '"203.0.113.7, 198.51.100.9"',
    dyno: 'web.1',
    connect: '1ms',
    service: '4249ms',
    status: '200',
    bytes: '5421',
    protocol: 'http1.1',
    tls: 'true',
    ...changes,
  }
  const message = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  return line(message, { source: 'heroku', process: 'router', priority: 158 })
}
