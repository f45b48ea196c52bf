// Versions of a service: made, copied, locked, checked, and made the one that streams.
import { badRequest } from '../fastly-error.ts'
import type { ServiceStore } from '../service-store.ts'
import { DEFAULT_SETTINGS, versionAnswer } from './answers.ts'
import { type Call, OK, type Operation } from './call.ts'
import { bounded, type Fields } from './fields.ts'
import { findService, findVersion } from './find.ts'

export interface VersionParts {
  services: ServiceStore
  /** Why a version cannot stream, in a sentence; null where it can. */
  whyInvalid(ref: { resourceId: string; serviceId: string; version: number }): Promise<string | null>
}

const PATH = '/service/:service_id/version'
const ONE = `${PATH}/:version_id`
const MAX_COMMENT = 4_000

export function versionOperations({ services, whyInvalid }: VersionParts): Operation[] {
  const show = async (call: Call) => {
    const { service, version } = await findVersion(services, call)
    return versionAnswer(service, version)
  }
  const activate: Operation['answer'] = async (call) => {
    const { ref } = await findVersion(services, call)
    const why = await whyInvalid(ref)
    if (why !== null) throw badRequest(`ERROR: ${why}`)
    await services.activate(ref)
    // So soon, Fastly does not know of an environment yet.
    return { ...(await show(call)), environments: [], msg: null }
  }

  return [
    {
      method: 'GET',
      path: PATH,
      async answer(call) {
        const service = await findService(services, call)
        return (await services.versions(service.id)).map((version) => versionAnswer(service, version))
      },
    },
    {
      method: 'POST',
      path: PATH,
      async answer(call) {
        const { id } = await findService(services, call)
        const comment = call.fields.get('comment')
        const number = await services.createVersion(
          call.caller.resourceId,
          id,
          readComment(call.fields) ?? '',
        )
        return { ...(comment ? { comment } : {}), service_id: id, number }
      },
    },
    { method: 'GET', path: ONE, answer: show },
    {
      method: 'PUT',
      path: ONE,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const comment = readComment(call.fields)
        if (comment !== undefined) await services.updateVersion(ref, { comment })
        return show(call)
      },
    },
    {
      method: 'PUT',
      path: `${ONE}/clone`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const copy = await services.clone(ref)
        return show({ ...call, params: { ...call.params, version_id: String(copy) } })
      },
    },
    { method: 'PUT', path: `${ONE}/activate`, answer: activate },
    {
      method: 'PUT',
      path: `${ONE}/deactivate`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await services.deactivate(ref)
        return show(call)
      },
    },
    {
      method: 'PUT',
      path: `${ONE}/lock`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await services.lock(ref)
        return show(call)
      },
    },
    {
      method: 'GET',
      path: `${ONE}/validate`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const why = await whyInvalid(ref)
        return why === null ? { status: 'ok', msg: null } : { status: 'error', msg: why }
      },
    },
    {
      method: 'GET',
      path: `${ONE}/settings`,
      async answer(call) {
        const { service, version } = await findVersion(services, call)
        return { ...DEFAULT_SETTINGS, ...version.settings, service_id: service.id, version: version.number }
      },
    },
    {
      method: 'PUT',
      path: `${ONE}/settings`,
      async answer(call) {
        const { service, version, ref } = await findVersion(services, call)
        const settings = { ...version.settings, ...readSettings(call.fields) }
        await services.updateVersion(ref, { settings })
        return { ...DEFAULT_SETTINGS, ...settings, service_id: service.id, version: version.number }
      },
    },
    // Terraform takes HTTP/3 away from each service that it makes. It is off, and says so.
    {
      method: 'DELETE',
      path: `${ONE}/http3`,
      async answer(call) {
        await findVersion(services, call)
        return OK
      },
    },
  ]
}

function readComment(fields: Fields): string | undefined {
  const comment = fields.get('comment')
  return comment === undefined ? undefined : bounded('comment', comment ?? '', MAX_COMMENT)
}

/** Those that there are, each with the type of its default. */
function readSettings(fields: Fields): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const [name, standard] of Object.entries(DEFAULT_SETTINGS)) {
    const value = fields.get(name)
    if (value === undefined || value === null) continue
    if (typeof standard === 'string') settings[name] = bounded(name, value, 1_000)
    else if (typeof standard === 'boolean') settings[name] = value === 'true' || value === '1'
    else if (/^\d{1,10}$/.test(value)) settings[name] = Number(value)
    else throw badRequest(`${name} is not a number`)
  }
  return settings
}
