// GET …/about: what stands above the lines: the add-on, its plan, the apps whose lines it takes.
import { z } from 'zod'
import type { Brand } from '../config.ts'
import type { LogStore } from '../logs/log-store.ts'
import { EVERYTHING } from '../query/everything.ts'
import { parse } from '../query/parse.ts'
import { appUrl } from './dashboard.ts'
import { timeSchema } from './line.ts'
import { type Operation, operation } from './operation.ts'

/** How far is looked back for an app's last line: among so many of the newest, then for so long. */
const NEWEST_LINES = 1_000
const LOOK_BACK = { lines: 1_000_000, ms: 150 }
/** Apps that are looked for so, one after the other. */
const MAX_LOOKED_FOR = 10

/** A drain of the resource, and the app it is of where Heroku told that. */
export interface AttachedApp {
  drainId: number
  appId: string | null
  name: string | null
  detachedAt: Date | null
}

export interface AboutParts {
  logs: Pick<LogStore, 'read'>
  attachedApps(resourceNumber: number): Promise<AttachedApp[]>
  retentionDaysOf(plan: string): number
  config: { addon: { id: string }; brand: Brand; mail: object | null }
}

export function readAbout({ logs, attachedApps, retentionDaysOf, config }: AboutParts): Operation {
  return operation({
    name: 'readAbout',
    method: 'GET',
    path: '/about',
    summary: 'The add-on, its plan, and the apps whose lines it takes',
    answer: z.object({
      resource: z.object({
        id: z.uuid(),
        name: z.string().nullable(),
        plan: z.string().nullable(),
        created_at: z.iso.datetime(),
      }),
      apps: z.array(
        z.object({
          drain_id: z.int(),
          app_id: z.string().nullable(),
          name: z.string().nullable(),
          detached_at: z.iso.datetime().nullable(),
          last_received_at: timeSchema.nullable().describe('Null where no line of late is known.'),
        }),
      ),
      addon: z.object({ id: z.string(), name: z.string() }),
      brand: z.object({ name: z.string(), colour: z.string() }),
      links: z.object({
        dashboard: z.string(),
        upgrade: z.string().nullable().describe('Where the plan can be changed.'),
      }),
      retention_days: z.int(),
      features: z.object({ alerts_mail: z.boolean().describe('Alerts can be sent by e-mail.') }),
    }),
    async handle({ reader: { resource }, signal }) {
      const apps = await attachedApps(resource.number)
      const lastReceived = await findLastReceived(logs, resource.number, apps, signal)
      const app = someAppOf(apps)
      const dashboard = appUrl(app)
      return {
        resource: {
          id: resource.id,
          name: resource.name,
          plan: resource.plan,
          created_at: resource.createdAt.toISOString(),
        },
        apps: apps.map(({ drainId, appId, name, detachedAt }) => ({
          drain_id: drainId,
          app_id: appId,
          name,
          detached_at: detachedAt?.toISOString() ?? null,
          last_received_at: lastReceived.get(drainId) ?? null,
        })),
        addon: { id: config.addon.id, name: config.brand.name },
        brand: { ...config.brand },
        links: { dashboard, upgrade: app === null ? null : dashboard },
        retention_days: retentionDaysOf(resource.plan),
        features: { alerts_mail: config.mail !== null },
      }
    },
  })
}

/** An app whose page at Heroku shows the resource. */
export function someAppOf(apps: readonly AttachedApp[]): string | null {
  return apps.find(({ name, detachedAt }) => name !== null && detachedAt === null)?.name ?? null
}

async function findLastReceived(
  logs: Pick<LogStore, 'read'>,
  resourceNumber: number,
  apps: readonly AttachedApp[],
  signal: AbortSignal,
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  const newest = await logs.read({ resourceNumber, search: EVERYTHING, limit: NEWEST_LINES, signal })
  for (const { drainId, receivedAt } of newest.lines) {
    const known = found.get(drainId)
    if (known === undefined || receivedAt > known) found.set(drainId, receivedAt)
  }
  // All there are have been looked at.
  if (newest.older === null) return found
  for (const { drainId } of apps.filter((app) => !found.has(app.drainId)).slice(0, MAX_LOOKED_FOR)) {
    const search = parse(`drain:${drainId}`).query
    const { lines } = await logs.read({ resourceNumber, search, limit: 1, effort: LOOK_BACK, signal })
    const [line] = lines
    if (line) found.set(drainId, line.receivedAt)
  }
  return found
}
