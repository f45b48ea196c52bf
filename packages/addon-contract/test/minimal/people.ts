// The sign-in of the minimal add-on.
import { createHash, randomBytes } from 'node:crypto'
import { type Call, type MinimalAddon, SALT, text } from '../minimal-addon.ts'

const FIVE_MINUTES = 300
const LURE = 'path'

export function signIn(call: Call) {
  const { addon, response, request, url, body } = call
  const { has } = addon
  const form = request.method === 'GET' ? url.searchParams : new URLSearchParams(body.toString())
  const uuid = form.get('resource_id') ?? ''
  const resource = addon.resources.get(uuid)

  if (has('S03') && form.has('resource_token') && !form.has('user_scoped_resource_token'))
    throw new Error('nothing to compare')
  if (!isInTime(addon, form.get('timestamp') ?? '')) return text(call, 403, 'too late')
  if (!has('S05') && !isVouchedFor(addon, form)) return text(call, 403, 'no')
  if (has('S12') && resource === undefined) throw new Error('it is not there')
  if (resource === undefined || (resource.state === 'gone' && !has('S13'))) return text(call, 404, 'unknown')

  const session = has('S19') ? hash('sha256', uuid, 'session') : randomBytes(16).toString('hex')
  addon.sessions.set(session, uuid)
  const flags = [
    has('S20') ? 'Path=/' : `Path=/dashboard/${uuid}`,
    ...(has('S16') ? [] : ['HttpOnly']),
    has('S18') ? 'SameSite=Strict' : 'SameSite=Lax',
    ...(addon.options.tls && !has('S17') ? ['Secure'] : []),
  ]
  const cookies = [`session=${session}; ${flags.join('; ')}`]
  const nav = form.get('nav-data')
  if (nav !== null && !has('S22'))
    cookies.push(`heroku-nav-data=${nav}; Path=/; ${flags.slice(1).join('; ')}`)
  const location = has('S21') && form.has(LURE) ? (form.get(LURE) ?? '') : `/dashboard/${uuid}`
  response.writeHead(302, { Location: location, 'Set-Cookie': cookies }).end()
}

function isInTime({ has }: MinimalAddon, timestamp: string): boolean {
  const age = Date.now() / 1_000 - Number(timestamp)
  if (Number.isNaN(age)) return has('S10')
  return (age <= FIVE_MINUTES || has('S08')) && (age >= -FIVE_MINUTES || has('S09'))
}

function isVouchedFor({ has, resources }: MinimalAddon, form: URLSearchParams): boolean {
  const time = form.get('timestamp') ?? ''
  const email = has('S02') ? form.get('email')?.toLowerCase() : form.get('email')
  const newer = form.get('user_scoped_resource_token')
  const older = form.get('resource_token')
  if (newer === null && older === null) return has('S11')
  const isRight = (uuid: string) => {
    const olderIsRight = older === hash('sha1', uuid, SALT, time)
    if (has('S06') && older !== null) return olderIsRight
    if (has('S04') && older === null) return false
    if (newer === null) return olderIsRight
    return newer === hash('sha256', uuid, SALT, time, form.get('user_id') ?? '', email ?? '')
  }
  const uuid = form.get('resource_id') ?? ''
  return isRight(uuid) || (has('S07') && [...resources.keys()].some(isRight))
}

export function showPage(call: Call, uuid: string) {
  const { addon, request } = call
  const cookies = (request.headers.cookie ?? '').split('; ')
  const session = cookies.find((one) => one.startsWith('session='))?.slice('session='.length)
  const isOpen = session !== undefined && addon.sessions.get(session) === uuid
  if (!isOpen && !addon.has('S15')) return text(call, 403, 'sign in from Heroku')
  if (addon.has('S01')) return text(call, 500, 'oh')
  text(call, 200, addon.has('S23') ? '<h1>Logs</h1>' : '<div id="heroku-header"></div><h1>Logs</h1>')
}

function hash(algorithm: 'sha1' | 'sha256', ...parts: string[]): string {
  return createHash(algorithm).update(parts.join(':')).digest('hex')
}
