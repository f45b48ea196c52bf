// The Platform API as the customer's own `heroku` command uses it, over the resources of the simulated Heroku: enough
// for addons:create, :upgrade, :attach, :detach, :open, :info and :destroy, addons and drains. Endpoints and fields are
// those that heroku/cli 11 asks for (src/commands/addons, src/lib/addons/resolve.ts). Every app name exists.
import type { AttachedDrain } from '../attached-drain.ts'
import type { Heroku, SimResource } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import { HerokuRefusal } from '../partner-answer.ts'
import { NOT_FOUND, type PlatformCall, readJson } from './call.ts'
import { drainJson } from './log-drains.ts'

/** The HEROKU_API_KEY of the customer. */
export const CUSTOMER_KEY = 'the-api-key-of-a-customer'

/** One attachment: a resource on an app. */
interface Attachment {
  resource: SimResource
  drain: AttachedDrain
}

interface Request {
  world: Heroku
  /** The origin of the sign-in pages; null for Heroku's own. */
  dashboard: string | null
  body: Record<string, unknown>
}

type Handler = (request: Request, ...named: string[]) => SimAnswer | Promise<SimAnswer>

const ROUTES: readonly [method: string, path: RegExp, Handler][] = [
  ['GET', /^\/apps\/([^/]+)$/, ({ world }, app) => ok(appJson(world, app))],
  ['GET', /^\/apps\/([^/]+)\/addons$/, listAddons],
  ['POST', /^\/apps\/([^/]+)\/addons$/, createAddon],
  ['GET', /^\/apps\/([^/]+)\/addons\/([^/]+)$/, (request, _app, name) => showAddon(request, name)],
  ['PATCH', /^\/apps\/([^/]+)\/addons\/([^/]+)$/, changeAddon],
  ['DELETE', /^\/apps\/([^/]+)\/addons\/([^/]+)$/, destroyAddon],
  ['GET', /^\/apps\/([^/]+)\/addons\/([^/]+)\/sso$/, openAddon],
  [
    'GET',
    /^\/apps\/([^/]+)\/addon-attachments$/,
    ({ world, dashboard }, app) => ok(onApp(world, app).map((one) => attachmentJson(world, dashboard, one))),
  ],
  ['GET', /^\/apps\/([^/]+)\/addon-attachments\/([^/]+)$/, showAttachment],
  [
    'GET',
    /^\/apps\/([^/]+)\/log-drains$/,
    ({ world }, app) => ok(onApp(world, app).map(({ drain, resource }) => drainJson(drain, resource, true))),
  ],
  // Every config change would be a release; the simulator does not count them.
  ['GET', /^\/apps\/([^/]+)\/releases$/, () => ok([{ version: 1 }])],
  [
    'GET',
    /^\/addons$/,
    ({ world, dashboard }) => ok(world.resources().map((resource) => addonJson(world, dashboard, resource))),
  ],
  ['GET', /^\/addons\/([^/]+)$/, showAddon],
  ['GET', /^\/addons\/([^/]+)\/addon-attachments$/, attachmentsOfAddon],
  [
    'GET',
    /^\/addon-attachments$/,
    ({ world, dashboard }) =>
      ok(
        world
          .resources()
          .flatMap(attachmentsOf)
          .map((one) => attachmentJson(world, dashboard, one)),
      ),
  ],
  ['POST', /^\/addon-attachments$/, attachAddon],
  ['DELETE', /^\/addon-attachments\/([^/]+)$/, detachAddon],
  ['POST', /^\/actions\/addons\/resolve$/, resolveAddon],
  ['POST', /^\/actions\/addon-attachments\/resolve$/, resolveAttachment],
]

/** Null for a call that is not a customer's. */
export async function serveCustomer(
  world: Heroku,
  call: PlatformCall,
  dashboard: string | null,
): Promise<SimAnswer | null> {
  if (call.headers.authorization !== `Bearer ${CUSTOMER_KEY}`) return null
  for (const [method, path, handler] of ROUTES) {
    const match = method === call.method ? path.exec(call.path) : null
    if (match === null) continue
    const [, ...named] = match
    const request = { world, dashboard, body: readJson(call.body) ?? {} }
    try {
      return await handler(request, ...named.map(decodeURIComponent))
    } catch (error) {
      if (!(error instanceof HerokuRefusal)) throw error
      return { status: 422, body: { id: 'provider_error', message: error.shownToCustomer } }
    }
  }
  return NOT_FOUND
}

async function createAddon({ world, dashboard, body }: Request, app = ''): Promise<SimAnswer> {
  const [service, plan = 'test'] = text(body.plan, 'name').split(':')
  if (service !== world.addonId) return missing('add_on_service', "Couldn't find that add-on service.")
  const options = Object.entries((body.config as object | undefined) ?? {})
  const resource = await world.provision({
    plan,
    app,
    ...(typeof body.name === 'string' && { name: body.name }),
    options: Object.fromEntries(options.map(([name, value]) => [name, String(value)])),
  })
  const message = resource.answer.message
  return { status: 201, body: { ...addonJson(world, dashboard, resource), provision_message: message } }
}

function listAddons({ world, dashboard }: Request, app = ''): SimAnswer {
  return ok(
    world
      .resources()
      .filter((resource) => resource.app === app)
      .map((resource) => addonJson(world, dashboard, resource)),
  )
}

function showAddon({ world, dashboard }: Request, name = ''): SimAnswer {
  const [resource] = named(world, name, null)
  return resource ? ok(addonJson(world, dashboard, resource)) : noAddon()
}

async function changeAddon({ world, dashboard, body }: Request, _app = '', name = ''): Promise<SimAnswer> {
  const [resource] = named(world, name, null)
  if (resource === undefined) return noAddon()
  if (typeof body.name === 'string') world.rename(resource.uuid, body.name)
  const plan = text(body.plan, 'name').split(':').at(-1) ?? ''
  const message = plan === '' ? null : (await world.changePlan(resource.uuid, plan)).message
  return ok({ ...addonJson(world, dashboard, resource), provision_message: message })
}

async function destroyAddon({ world, dashboard }: Request, _app = '', name = ''): Promise<SimAnswer> {
  const [resource] = named(world, name, null)
  if (resource === undefined) return noAddon()
  const shown = addonJson(world, dashboard, resource)
  await world.deprovision(resource.uuid)
  return ok({ ...shown, state: 'deprovisioned' })
}

/** The form that `HEROKU_SUDO=1 heroku addons:open` writes into a page. */
function openAddon({ world }: Request, app = '', name = ''): SimAnswer {
  const [resource] = named(world, name, app)
  const form = resource ? world.signIn(resource.uuid) : null
  return form === null ? noAddon() : ok({ method: 'post', action: form.url, params: form.fields })
}

function attachmentsOfAddon({ world, dashboard }: Request, name = ''): SimAnswer {
  const [resource] = named(world, name, null)
  if (resource === undefined) return noAddon()
  return ok(resource.drains.map((drain) => attachmentJson(world, dashboard, { resource, drain })))
}

function showAttachment({ world, dashboard }: Request, app = '', name = ''): SimAnswer {
  const found = onApp(world, app).find(({ drain }) => [drain.attachmentId, drain.attachedAs].includes(name))
  return found ? ok(attachmentJson(world, dashboard, found)) : noAttachment()
}

function attachAddon({ world, dashboard, body }: Request): SimAnswer {
  const [resource] = named(world, text(body.addon, 'name'), null)
  if (resource === undefined) return noAddon()
  const as = typeof body.name === 'string' ? body.name : undefined
  const drain = world.attach(resource.uuid, text(body.app, 'name'), as)
  return { status: 201, body: attachmentJson(world, dashboard, { resource, drain }) }
}

function detachAddon({ world, dashboard }: Request, id = ''): SimAnswer {
  for (const resource of world.resources()) {
    const drain = resource.drains.find(({ attachmentId }) => attachmentId === id)
    if (drain === undefined) continue
    world.detach(resource.uuid, drain.app).stop()
    return ok(attachmentJson(world, dashboard, { resource, drain }))
  }
  return noAttachment()
}

function resolveAddon({ world, dashboard, body }: Request): SimAnswer {
  const app = typeof body.app === 'string' ? body.app : null
  const found = named(world, String(body.addon), app)
  return found.length > 0 ? ok(found.map((one) => addonJson(world, dashboard, one))) : noAddon()
}

function resolveAttachment({ world, dashboard, body }: Request): SimAnswer {
  const app = typeof body.app === 'string' ? body.app : null
  const name = String(body.addon_attachment)
  const all = app === null ? world.resources().flatMap(attachmentsOf) : onApp(world, app)
  const found = all.filter(({ drain }) => [drain.attachmentId, drain.attachedAs].includes(name))
  return found.length > 0 ? ok(found.map((one) => attachmentJson(world, dashboard, one))) : noAttachment()
}

/** By uuid, name, or on an app by the add-on's slug or the name of the attachment. */
function named(world: Heroku, name: string, app: string | null): SimResource[] {
  const exact = world.resources().filter((resource) => [resource.uuid, resource.name].includes(name))
  if (exact.length > 0 || app === null) return exact
  const isCalled = ({ drain }: Attachment) => name === world.addonId || drain.attachedAs === name
  return onApp(world, app)
    .filter(isCalled)
    .map(({ resource }) => resource)
}

function onApp(world: Heroku, app = ''): Attachment[] {
  return world
    .resources()
    .flatMap(attachmentsOf)
    .filter(({ drain }) => [drain.app, drain.appId].includes(app))
}

function attachmentsOf(resource: SimResource): Attachment[] {
  return resource.drains.map((drain) => ({ resource, drain }))
}

function appJson(world: Heroku, app = '') {
  return { id: world.appId(app), name: app, generation: { name: 'cedar' }, stack: { name: 'heroku-24' } }
}

function addonJson(world: Heroku, dashboard: string | null, resource: SimResource) {
  const { uuid, name, app, plan, state, config } = resource
  return {
    id: uuid,
    name,
    state,
    provider_id: uuid,
    addon_service: { id: '1b0a2f4e-1111-4222-8333-944455566677', name: world.addonId },
    plan: { name: `${world.addonId}:${plan}`, price: { cents: 0, contract: false, unit: 'month' } },
    billed_price: { cents: 0, contract: false, unit: 'month' },
    app: { id: world.appId(app), name: app },
    config_vars: Object.keys(config),
    web_url: webUrl(dashboard, world.appId(app), uuid),
    created_at: '2026-03-01T10:15:00Z',
    updated_at: '2026-03-01T10:15:00Z',
  }
}

function attachmentJson(world: Heroku, dashboard: string | null, { resource, drain }: Attachment) {
  const owner = { id: world.appId(resource.app), name: resource.app }
  return {
    id: drain.attachmentId,
    name: drain.attachedAs,
    namespace: null,
    addon: {
      id: resource.uuid,
      name: resource.name,
      app: owner,
      plan: { name: `${world.addonId}:${resource.plan}` },
    },
    app: { id: drain.appId, name: drain.app },
    config_vars: Object.keys(resource.config),
    web_url: webUrl(dashboard, drain.appId, resource.uuid),
    created_at: '2026-03-01T10:15:00Z',
    updated_at: '2026-03-01T10:15:00Z',
  }
}

function webUrl(dashboard: string | null, appId: string, uuid: string): string {
  return dashboard === null
    ? `https://addons-sso.heroku.com/apps/${appId}/addons/${uuid}`
    : `${dashboard}/sso/${uuid}`
}

function text(value: unknown, field: string): string {
  const inner = (value as Record<string, unknown> | null | undefined)?.[field] ?? value
  return typeof inner === 'string' ? inner : ''
}

function ok(body: object): SimAnswer {
  return { status: 200, body }
}

function missing(resource: string, message: string): SimAnswer {
  return { status: 404, body: { id: 'not_found', resource, message } }
}

const noAddon = () => missing('add_on', "Couldn't find that add-on.")
const noAttachment = () => missing('add_on attachment', "Couldn't find that add on attachment.")
