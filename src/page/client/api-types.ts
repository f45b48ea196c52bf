// Answers of the JSON API, as far as the page reads them.
/** What the API says of the resource. */
export interface About {
  resource: { id: string; name: string | null; plan: string | null; created_at: string }
  apps: {
    drain_id: number
    name: string | null
    detached_at: string | null
    last_received_at: string | null
  }[]
  links: { dashboard: string; upgrade: string | null }
  retention_days: number
  features?: { alerts_mail: boolean }
}

export type Condition =
  | { kind: 'more_than'; lines: number; minutes: number }
  | { kind: 'ratio'; of_q: string; percent: number; minutes: number; at_least_lines: number }
  | { kind: 'silence'; minutes: number }

export interface Alert {
  id: string
  name: string
  q: string
  condition: Condition
  to: { webhook?: { host: string; hint: string } | null; email?: string | null }
  muted_until: string | null
  state: 'ok' | 'firing' | 'unknown'
  last_fired_at: string | null
  last_error: string | null
}

/** As the API tells them. */
export interface LogService {
  id: string
  name: string
  active_version: number | null
  newest_version: number
  shown_version: number
  endpoints: LogEndpoint[]
}

export interface LogEndpoint {
  name: string
  host: string
  format: string
  format_version: 1 | 2
  condition: { name: string; statement: string } | null
  state: 'streaming' | 'failing' | 'off'
  stream: {
    waiting_lines: number
    oldest_waiting_at: string | null
    sent_lines: number
    cut_lines: number
    dropped_lines: number
    last_sent_at: string | null
    last_error: string | null
    last_error_at: string | null
    next_try_at: string | null
  } | null
}
