// A simulated Heroku: calls the add-on as Heroku does, checks its answers, runs the drains of its resources and signs users
// in. Black-box: it knows an add-on by its manifest only.

import { type AttachedDrain, startAttachedDrain } from './attached-drain.ts'
import { basicAuth } from './http-call.ts'
import { IdServer } from './id-server.ts'
import { LogInput } from './log-input.ts'
import type { LogplexDrainOptions } from './logplex-drain.ts'
import {
  type ProvisionAnswer,
  readDeprovisionAnswer,
  readPlanChangeAnswer,
  readProvisionAnswer,
} from './partner-answer.ts'
import { type AddonManifest, type CallManner, callAddon } from './partner-calls.ts'
import type { Random } from './random.ts'
import { type SsoForm, type SsoPerson, ssoForm } from './sso-form.ts'
import { SimWebhooks } from './webhooks.ts'

export interface HerokuOptions {
  addon: AddonManifest
  random: Random
  /** Milliseconds since 1970. */
  clock?: () => number
  /** How the drains are run: `deliverTo` for a service that does not speak TLS, settings, callbacks. */
  drains?: Omit<LogplexDrainOptions, 'url' | 'token' | 'random' | 'clock'>
  /** Logplex nodes that each run every drain, without any order between them. */
  nodes?: number
  /** The client secrets that the add-on may send to exchange a grant. */
  clientSecrets?: readonly string[]
  /** The origin of log input addresses. Default: Heroku's own, which is not called. */
  logInputOrigin?: string
  /** An origin to deliver webhooks to instead of that of their addresses. */
  webhooksTo?: string
}

export interface ProvisionRequest {
  plan: string
  uuid?: string
  name?: string
  region?: string
  options?: Record<string, string>
  drainToken?: string
  /** The app that owns the resource. */
  app?: string
}

export interface SimResource {
  uuid: string
  name: string
  app: string
  plan: string
  /** provisioning: the add-on answered 202 and has not completed the provision. */
  state: 'provisioning' | 'provisioned'
  answer: ProvisionAnswer
  /** The config vars of the apps. */
  config: Record<string, string>
  /** How often the add-on wrote config; the apps restart each time. */
  configWrites: number
  /** How often the add-on completed the provision. */
  completions: number
  drains: AttachedDrain[]
}

export interface Heroku {
  /** The slug. */
  addonId: string
  /** As the manifest declares them. */
  configVars: readonly string[]
  idServer: IdServer
  logInput: LogInput
  /** The id of an app by its name. Every name exists. */
  appId(app: string): string
  webhooks: SimWebhooks
  /** How later calls to the add-on arrive. */
  callManner: CallManner
  /** Whether the add-on may request another grant. */
  allowsNewGrants: boolean
  /** Whether these are the credentials of the add-on's manifest. */
  isAddon(authorization: string | undefined): boolean
  /** @throws HerokuRefusal if the customer's install would have failed. */
  provision(request: ProvisionRequest): Promise<SimResource>
  /** Adds a resource to Heroku without a call to the add-on. */
  adopt(install: {
    uuid: string
    plan: string
    app: string
    state?: SimResource['state']
    drainToken: string
    drainUrl: string
  }): SimResource
  changePlan(
    uuid: string,
    plan: string,
  ): Promise<{ config: Record<string, string> | null; message: string | null }>
  deprovision(uuid: string): Promise<void>
  /** `actions/provision`. False if it was not provisioning. */
  complete(uuid: string): boolean
  /** Renames the resource. */
  rename(uuid: string, name: string): void
  /** Attaches the resource to another app, with a new drain token at the same address. The add-on is not called. */
  attach(uuid: string, app?: string, as?: string): AttachedDrain
  /**
   * Detaches the resource from an app. The add-on is not called. Returns the drain, which runs until it is stopped, because
   * Logplex learns of the change later.
   */
  detach(uuid: string, app: string): AttachedDrain
  /** Renames an app everywhere. */
  renameApp(from: string, to: string): void
  /** Null if there is no such resource. */
  find(uuid: string): SimResource | null
  /** The sign-in form of the resource; null if there is no such resource. */
  signIn(uuid: string, person?: Partial<SsoPerson>): SsoForm | null
  resources(): SimResource[]
  /** Removes the resource without a call to the add-on, as if the DELETE was lost. */
  drop(uuid: string): void
  /** Stops every drain at once. */
  stop(): void
}

export function createHeroku(options: HerokuOptions): Heroku {
  const { addon, random } = options
  const clock = options.clock ?? Date.now
  const resources = new Map<string, SimResource>()
  /** Resources whose provision request is not answered yet; the add-on may already ask about them. */
  const provisioning = new Map<string, SimResource>()
  const idServer = new IdServer({
    random: random.fork('id server'),
    clock,
    clientSecrets: options.clientSecrets ?? [],
  })
  const apps = new Map<string, string>()
  const appIdOf = (app: string): string => {
    const id = apps.get(app) ?? random.uuid()
    apps.set(app, id)
    return id
  }
  const logInput = new LogInput({
    random: random.fork('log input'),
    origin: options.logInputOrigin ?? 'https://1.us.logplex.io',
    // A line written into an app's log is delivered by its drains like the app's own lines.
    onLine({ appId, priority, time, process, message }) {
      const drains = [...resources.values()].flatMap((resource) => resource.drains)
      for (const drain of drains.filter((one) => one.appId === appId)) {
        drain.push({ priority, time, source: 'app', process, message })
      }
    },
  })
  const webhooks = new SimWebhooks({
    random: random.fork('webhooks'),
    clock,
    deliverTo: options.webhooksTo,
  })
  const find = (uuid: string): SimResource => {
    const resource = resources.get(uuid)
    if (resource === undefined) throw new Error(`Heroku has no resource ${uuid}`)
    return resource
  }

  const call = (method: string, path: string, body?: object) =>
    callAddon(addon, heroku.callManner, method, path, body)

  const startDrain = (url: string, token: string, app: string) =>
    startAttachedDrain(
      { url, token, app, appId: appIdOf(app), attachedAs: addon.id.toUpperCase().replaceAll('-', '_') },
      { random, clock, nodes: options.nodes ?? 1, drains: options.drains },
    )

  const lookUp = (uuid: string) => resources.get(uuid) ?? provisioning.get(uuid) ?? null
  const newName = () =>
    `${addon.id}-${random.pick(['curly', 'solid', 'amber'])}-${random.int(10_000, 99_999)}`
  const drop = (uuid: string) => {
    for (const drain of lookUp(uuid)?.drains ?? []) drain.stop()
    resources.delete(uuid)
    provisioning.delete(uuid)
    idServer.revoke(uuid)
    webhooks.drop(uuid)
  }
  const addonJson = ({ uuid, name, plan, state }: SimResource) => ({
    id: uuid,
    name,
    plan: { name: `${addon.id}:${plan}` },
    state,
  })
  const attachmentJson = ({ uuid }: SimResource, { attachmentId, app, appId }: AttachedDrain) => ({
    id: attachmentId,
    addon: { id: uuid },
    app: { id: appId, name: app },
  })

  const heroku: Heroku = {
    addonId: addon.id,
    configVars: addon.configVars,
    idServer,
    logInput,
    appId: appIdOf,
    webhooks,
    callManner: 'once',
    allowsNewGrants: false,
    isAddon: (authorization) => authorization === basicAuth(addon.id, addon.password),
    find: lookUp,
    drop,

    async provision(request) {
      const uuid = request.uuid ?? random.uuid()
      const name = request.name ?? newName()
      const token = request.drainToken ?? `d.${random.uuid()}`
      const app = request.app ?? `tidy-river-${random.int(10_000, 99_999)}`
      const known = resources.get(uuid)
      const resource = known ?? newResource({ uuid, name, app, plan: request.plan, state: 'provisioning' })
      if (known === undefined) provisioning.set(uuid, resource)
      const answer = readProvisionAnswer(
        await call('POST', '', {
          uuid,
          name,
          plan: request.plan,
          region: request.region ?? 'amazon-web-services::us-east-1',
          callback_url: `https://api.heroku.com/addons/${uuid}`,
          oauth_grant: {
            code: idServer.issueGrant(uuid),
            type: 'authorization_code',
            expires_at: grantExpiry(clock()),
          },
          options: request.options ?? {},
          log_drain_token: token,
          log_input_url: logInput.addressOf(uuid, appIdOf(app)),
        }),
        addon.configVars,
      )
      // Also after a repeated call: the last answer counts.
      resource.state = answer.config === null ? 'provisioning' : 'provisioned'
      resource.answer = answer
      Object.assign(resource.config, answer.config)
      if (resources.has(uuid)) return resource
      resources.set(uuid, resource)
      provisioning.delete(uuid)
      resource.drains.push(startDrain(answer.logDrainUrl, token, app))
      return resource
    },

    adopt({ drainToken, drainUrl, state = 'provisioned', ...known }) {
      const resource = newResource({ ...known, state, name: newName() })
      resource.answer.logDrainUrl = drainUrl
      resource.drains.push(startDrain(drainUrl, drainToken, known.app))
      resources.set(known.uuid, resource)
      return resource
    },

    complete(uuid) {
      const resource = lookUp(uuid)
      if (resource?.state !== 'provisioning') return false
      resource.state = 'provisioned'
      resource.completions++
      webhooks.publish(uuid, 'api:addon', 'update', addonJson(resource))
      return true
    },

    async changePlan(uuid, plan) {
      const resource = find(uuid)
      const answer = readPlanChangeAnswer(await call('PUT', `/${uuid}`, { plan }), addon.configVars)
      resource.plan = plan
      webhooks.publish(uuid, 'api:addon', 'update', addonJson(resource))
      return answer
    },

    async deprovision(uuid) {
      const resource = find(uuid)
      readDeprovisionAnswer(await call('DELETE', `/${uuid}`))
      webhooks.publish(uuid, 'api:addon', 'destroy', addonJson(resource))
      drop(uuid)
    },

    rename(uuid, name) {
      const resource = find(uuid)
      resource.name = name
      webhooks.publish(uuid, 'api:addon', 'update', addonJson(resource))
    },

    attach(uuid, app = `quiet-hill-${random.int(10_000, 99_999)}`, as) {
      const resource = find(uuid)
      const drain = startDrain(resource.answer.logDrainUrl, `d.${random.uuid()}`, app)
      if (as !== undefined) drain.attachedAs = as
      resource.drains.push(drain)
      webhooks.publish(uuid, 'api:addon-attachment', 'create', attachmentJson(resource, drain))
      return drain
    },

    detach(uuid, app) {
      const resource = find(uuid)
      const drain = resource.drains.find((attached) => attached.app === app)
      if (drain === undefined) throw new Error(`${uuid} is not attached to ${app}`)
      resource.drains = resource.drains.filter((attached) => attached !== drain)
      webhooks.publish(uuid, 'api:addon-attachment', 'destroy', attachmentJson(resource, drain))
      return drain
    },

    renameApp(from, to) {
      apps.set(to, appIdOf(from))
      apps.delete(from)
      for (const resource of resources.values()) {
        if (resource.app === from) resource.app = to
        for (const drain of resource.drains) {
          if (drain.app !== from) continue
          drain.app = to
          webhooks.publish(resource.uuid, 'api:app', 'update', { id: drain.appId, name: to })
        }
      }
    },

    signIn(uuid, person = {}) {
      const resource = resources.get(uuid)
      if (resource === undefined) return null
      const { app } = resource
      const visitor = {
        userId: '3c9d1e2f-7a8b-4c5d-9e0f-112233445566',
        email: 'dev@example.com',
        app,
        contextApp: app,
        ...person,
      }
      return ssoForm(addon, uuid, visitor, Math.floor(clock() / 1_000))
    },

    resources: () => [...resources.values()],

    stop() {
      webhooks.stop()
      for (const { drains } of resources.values()) for (const drain of drains) drain.stop()
    },
  }
  return heroku
}

function newResource(known: Pick<SimResource, 'uuid' | 'name' | 'app' | 'plan' | 'state'>): SimResource {
  const answer = { id: known.uuid, message: null, config: null, logDrainUrl: '' }
  return { ...known, answer, config: {}, configWrites: 0, completions: 0, drains: [] }
}

/** The grant expires after five minutes. Heroku writes the offset without a colon, unlike RFC 3339. */
function grantExpiry(now: number): string {
  const pacific = new Date(now + 300_000 - 8 * 3_600_000)
  return `${pacific.toISOString().slice(0, 19)}-0800`
}
