// What Fastly's API says when something is wrong: `{"msg", "detail"}` and a status. The texts are Fastly's own, as
// recorded of the real API, because clients print them and some look into them.

export class FastlyError extends Error {
  override name = 'FastlyError'
  readonly status: number
  readonly msg: string
  readonly detail: string | undefined

  constructor(status: number, msg: string, detail?: string) {
    super(detail === undefined ? msg : `${msg}: ${detail}`)
    this.status = status
    this.msg = msg
    this.detail = detail
  }
}

/** A version of a service that the caller may see. */
export interface VersionRef {
  resourceId: string
  serviceId: string
  version: number
}

export function badRequest(detail: string): FastlyError {
  return new FastlyError(400, 'Bad request', detail)
}

export function unauthorized(): FastlyError {
  return new FastlyError(401, 'Provided credentials are missing or invalid')
}

/** No such path, or something that is switched off. */
export function notFound(): FastlyError {
  return new FastlyError(404, 'Not found')
}

/** Of any kind of logging the kind is told as syslog. */
type Kind = 'syslog' | 'Condition' | 'Domain'

export function recordNotFound(kind: Kind, name: string, { serviceId, version }: VersionRef): FastlyError {
  return missing(kind, { name, service: serviceId, version })
}

export function versionNotFound(serviceId: string, number: number | string): FastlyError {
  return missing('Version', { number, service: serviceId })
}

function missing(kind: string, keys: Record<string, string | number>): FastlyError {
  const all = Object.entries({ deleted: '0000-00-00 00:00:00', ...keys })
  const told = all.map(([key, value]) => `${key} => ${value}`).join(', ')
  return new FastlyError(404, 'Record not found', `Couldn't find ${kind} '{ ${told} }'`)
}

export function serviceNotFound(): FastlyError {
  return new FastlyError(404, 'Record not found', "Cannot find 'service'")
}

export function serviceDeleted(serviceId: string): FastlyError {
  return badRequest(`Service '${serviceId}' is deleted`)
}

export function versionLocked({ serviceId, version }: VersionRef): FastlyError {
  return new FastlyError(422, 'Version locked', `Version '${version}' for service '${serviceId}' is locked`)
}

export function duplicate(table: 'logging_syslog' | 'condition' | 'domain', name: string): FastlyError {
  return new FastlyError(409, 'Duplicate record', `Duplicate ${table}: '${name}'`)
}
