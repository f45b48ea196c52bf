// What the minimal add-on does after its answer: exchanges the grant, subscribes to webhooks and, after a 202, sets config
// and reports completion.
import { setTimeout as sleep } from 'node:timers/promises'
import type { MinimalAddon, Resource } from '../minimal-addon.ts'

const TRIES = 5
const PAUSE_MS = 30

export async function setUp(addon: MinimalAddon, resource: Resource, code: string): Promise<void> {
  const { has, options } = addon
  const token = await insist(() => exchange(addon, code), has('A14') ? 1 : TRIES)
  if (has('A07')) await exchange(addon, code).catch(() => {})
  const call = (method: string, path: string, body?: object) =>
    insist(() => callHeroku(addon, resource, token, method, path, body), has('A15') ? 1 : TRIES)
  const isGone = () => resource.state === 'gone' && !has('A16')

  if (isGone()) return
  if (has('A08')) await callHeroku(addon, resource, 'wrong', 'GET', '').catch(() => {})
  await subscribe(addon, resource, token, has('A15') ? 1 : TRIES)
  if (!options.isAsync) return
  const finish = async () => {
    if (isGone() || resource.jobs < 0 || has('A02')) return
    await call('POST', '/actions/provision')
    resource.state = 'provisioned'
  }
  if (has('A12')) await finish()
  if (isGone()) return
  if (!has('A13')) await call('PATCH', '/config', configBody(addon, resource))
  if (!has('A12')) await finish()
}

function configBody({ has }: MinimalAddon, { config }: Resource): object {
  if (has('A10')) return { config }
  const pairs = Object.entries(config).map(([name, value]) => ({ name, value }))
  return { config: has('A11') ? [...pairs, { name: 'MINIMAL_LOGS_PLAN', value: 'x' }] : pairs }
}

async function exchange({ has, heroku }: MinimalAddon, code: string): Promise<string> {
  const form = { grant_type: 'authorization_code', code, client_secret: 'the-secret-of-the-portal' }
  const url = `${heroku.idUrl}/oauth/token`
  const answer = await fetch(has('A06') ? `${url}?${new URLSearchParams(form)}` : url, {
    method: 'POST',
    ...(has('A05')
      ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(form) }
      : !has('A06') && {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(form).toString(),
        }),
  })
  if (!answer.ok) throw new Error(`the id server answered ${answer.status}`)
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

/** Reads the list before a retry: the POST may have succeeded although its answer was lost. */
async function subscribe(
  addon: MinimalAddon,
  resource: Resource,
  token: string,
  tries: number,
): Promise<void> {
  const url = `${addon.origin}/webhooks/${resource.uuid}`
  await insist(async () => {
    const there = (await callHeroku(addon, resource, token, 'GET', '/webhooks')) as { url: string }[]
    if (!addon.has('W02') && there.some((one) => one.url === url)) return
    await callHeroku(addon, resource, token, 'POST', '/webhooks', {
      include: ['api:addon-attachment'],
      level: 'sync',
      url,
      ...resource.webhook,
      ...(addon.has('W01') && { name: 'mine' }),
    })
  }, tries)
}

async function callHeroku(
  addon: MinimalAddon,
  { uuid }: Resource,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const accept =
    addon.has('A09') && path === '/webhooks' ? 'application/json' : 'application/vnd.heroku+json; version=3'
  const answer = await fetch(`${addon.heroku.apiUrl}/addons/${uuid}${path}`, {
    method,
    headers: { accept, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`Heroku answered ${answer.status}`)
  return answer.json()
}

async function insist<T>(action: () => Promise<T>, tries: number): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await action()
    } catch (error) {
      if (left <= 1) throw error
      await sleep(PAUSE_MS)
    }
  }
}
