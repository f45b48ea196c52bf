// The whole service in front of a simulated Heroku that it can call: resources are provisioned over HTTP, drained by
// simulated Logplexes, and looked up by the simulated Platform API.
import { randomUUID } from 'node:crypto'
import type { AddonManifest, AttachedDrain } from 'heroku-simulator'
import {
  createHeroku,
  createRandom,
  type Heroku,
  openPlatform,
  type Platform,
  ssoForm,
} from 'heroku-simulator'
import { pino } from 'pino'
import { expect } from 'vitest'
import type { Config } from '../../src/config.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { CLIENT_SECRET } from './world.ts'

export interface AttachedService extends TestService {
  heroku: Heroku
  platform: Platform
  logged: string[]
  /** The service's time. The simulated Heroku lives on it too. */
  pass(ms: number): void
  /** Provisioned, and its grant exchanged. */
  provisioned(app?: string): Promise<{ id: string; drain: AttachedDrain }>
  /** Delivers lines through a drain and waits until they are answered. */
  send(drain: AttachedDrain, ...messages: string[]): Promise<void>
  /**
   * What a signed-in person reads: messages by the name of their app, oldest first. Our own notices only where a query
   * asks for them.
   */
  linesByApp(id: string, query?: string): Promise<Record<string, string[]>>
}

interface ReadLine {
  app: string | null
  process: string | null
  message: string
}

/** What Heroku knows of the add-on that runs there. */
export function manifestOf({ addon }: Config, origin: string): AddonManifest {
  return {
    id: addon.id,
    password: addon.passwords[0] as string,
    ssoSalt: addon.ssoSalts[0] as string,
    configVars: [addon.configVar],
    baseUrl: `${origin}/heroku/resources`,
    ssoUrl: `${origin}/sso/login`,
  }
}

export async function startAttachedService(
  environment: Record<string, string> = {},
): Promise<AttachedService> {
  let passed = 0
  const now = () => Date.now() + passed
  let heroku: Heroku | undefined
  const platform = await openPlatform(() => heroku)
  const logged: string[] = []
  const service = await startTestService(
    {
      HEROKU_API_URL: platform.origin,
      HEROKU_ID_URL: platform.origin,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
      ...environment,
    },
    pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
    now,
  )
  const manifest = manifestOf(service.config, service.origin)
  const own = createHeroku({
    addon: manifest,
    random: createRandom(randomUUID()),
    clock: now,
    drains: { deliverTo: service.origin },
    clientSecrets: [CLIENT_SECRET],
    webhooksTo: service.origin,
    logInputOrigin: platform.origin,
  })
  heroku = own
  // Most tests are about what is found out without them.
  own.webhooks.manner = 'lost'

  return {
    ...service,
    heroku: own,
    platform,
    logged,
    pass(ms) {
      passed += ms
    },
    async provisioned(app) {
      const { uuid, drains } = await own.provision({ plan: 'test', ...(app === undefined ? {} : { app }) })
      await expect
        .poll(() => service.service.heroku.tokens.accessToken(uuid).catch(() => null), { timeout: 10_000 })
        .not.toBeNull()
      return { id: uuid, drain: drains[0] as AttachedDrain }
    },
    async send(drain, ...messages) {
      for (const message of messages) {
        drain.push({
          priority: 190,
          time: '2026-11-21T10:00:00.000000+00:00',
          source: 'app',
          process: 'web.1',
          message: `${message}\n`,
        })
        await drain.whenIdle()
      }
    },
    async linesByApp(id, query = '') {
      const timestamp = Math.floor(Date.now() / 1_000)
      const person = { userId: randomUUID(), email: 'dev@example.com', app: 'a', contextApp: 'a' }
      const signedIn = await fetch(manifest.ssoUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(ssoForm(manifest, id, person, timestamp).fields).toString(),
        redirect: 'manual',
      })
      const answer = await fetch(`${service.origin}/resources/${id}/lines?q=${query}`, {
        headers: {
          accept: 'application/json',
          cookie: signedIn.headers.get('set-cookie')?.split(';')[0] ?? '',
        },
      })
      const { lines } = (await answer.json()) as { lines: ReadLine[] }
      const byApp: Record<string, string[]> = {}
      // Notices come back through the drain, at once or some seconds later.
      const theirs = query === '' ? lines.filter(({ process }) => process !== manifest.id) : lines
      for (const { app, message } of theirs.reverse()) {
        byApp[app ?? '?'] = [...(byApp[app ?? '?'] ?? []), message]
      }
      return byApp
    },
    async close() {
      own.stop()
      await service.close()
      await platform.close()
    },
  }
}
