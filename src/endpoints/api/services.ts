// Services: what a resource's log endpoints belong to. A resource has one from the start; more may be made, as Terraform
// does.
import type { Domain, NamedStore, StoredCondition } from '../condition-store.ts'
import { badRequest, FastlyError, serviceNotFound, type VersionRef } from '../fastly-error.ts'
import type { ListServices } from '../list-services.ts'
import type { Service, ServiceStore, Version } from '../service-store.ts'
import {
  conditionAnswer,
  DEFAULT_SETTINGS,
  domainAnswer,
  NEVER_THERE,
  serviceAnswer,
  versionAnswer,
} from './answers.ts'
import { type Call, OK, type Operation } from './call.ts'
import { bounded, required } from './fields.ts'
import { findService } from './find.ts'

export interface ServiceParts {
  services: ServiceStore
  listServices: ListServices
  conditions: Pick<NamedStore<StoredCondition>, 'list'>
  domains: Pick<NamedStore<Domain>, 'list'>
  newId(): string
}

const MAX_NAME = 255
const MAX_COMMENT = 4_000

export function serviceOperations({
  services,
  listServices,
  conditions,
  domains,
  newId,
}: ServiceParts): Operation[] {
  const show = async ({ caller }: Call, service: Service) =>
    serviceAnswer(caller.resourceId, service, await services.versions(service.id))

  const list = ({ caller }: Call) => listServices({ id: caller.resourceId, name: caller.resourceName })

  return [
    {
      method: 'GET',
      path: '/service',
      // All on one page: there are ten at the most.
      async answer(call) {
        if (Number(call.query.page ?? 1) > 1) return []
        return Promise.all(
          (await list(call)).map(async (service) => {
            const shown = await show(call, service)
            return { ...shown, version: shown.versions.at(-1)?.number ?? 1 }
          }),
        )
      },
    },
    {
      method: 'POST',
      path: '/service',
      async answer(call) {
        const { fields, caller } = call
        const type = fields.get('type') ?? 'vcl'
        if (type !== 'vcl' && type !== 'wasm') throw new FastlyError(400, 'Type must be one of: vcl, wasm')
        const id = newId()
        await services.create(caller.resourceId, {
          id,
          name: bounded('name', required(fields, 'name'), MAX_NAME),
          type,
          comment: bounded('comment', fields.get('comment') ?? '', MAX_COMMENT),
        })
        return show(call, await findService(services, { ...call, params: { service_id: id } }))
      },
    },
    {
      method: 'GET',
      path: '/service/search',
      async answer(call) {
        const found = (await list(call)).find((service) => service.name === call.query.name)
        if (found === undefined) throw serviceNotFound()
        return show(call, found)
      },
    },
    {
      method: 'GET',
      path: '/service/:service_id',
      answer: async (call) => show(call, await findService(services, call)),
    },
    {
      method: 'PUT',
      path: '/service/:service_id',
      async answer(call) {
        const { id } = await findService(services, call)
        const name = call.fields.get('name') ?? undefined
        const comment = call.fields.get('comment') ?? undefined
        await services.update(call.caller.resourceId, id, {
          ...(name !== undefined && { name: bounded('name', required(call.fields, 'name'), MAX_NAME) }),
          ...(comment !== undefined && { comment: bounded('comment', comment, MAX_COMMENT) }),
        })
        return show(call, await findService(services, call))
      },
    },
    {
      method: 'DELETE',
      path: '/service/:service_id',
      async answer(call) {
        const { id } = await findService(services, call)
        await services.remove(call.caller.resourceId, id)
        return OK
      },
    },
    {
      method: 'GET',
      path: '/service/:service_id/details',
      async answer(call) {
        const service = await findService(services, call)
        const versions = await services.versions(service.id)
        const version = asked(call, versions)
        const ref = { resourceId: call.caller.resourceId, serviceId: service.id, version: version.number }
        const active = versions.find(({ number }) => number === service.activeVersion)
        return {
          ...serviceAnswer(call.caller.resourceId, service, versions),
          active_version: active === undefined ? null : versionAnswer(service, active),
          version: { ...versionAnswer(service, version), ...(await contentOf(ref, service, version)) },
        }
      },
    },
  ]

  async function contentOf(ref: VersionRef, { type }: Service, { settings }: Version): Promise<object> {
    const common = {
      backends: [],
      healthchecks: [],
      domains: (await domains.list(ref)).map((domain) => domainAnswer(ref, domain)),
    }
    if (type === 'wasm') return common
    return {
      ...common,
      ...Object.fromEntries(NEVER_THERE.map((name) => [name, []])),
      conditions: (await conditions.list(ref)).map((condition) => conditionAnswer(ref, condition)),
      settings: { ...DEFAULT_SETTINGS, ...settings },
    }
  }
}

/** The version that the query names, else the newest. */
function asked({ query }: Call, versions: readonly Version[]): Version {
  const newest = versions.at(-1) as Version
  if (query.version === undefined) return newest
  const found = versions.find(({ number }) => String(number) === query.version)
  if (found === undefined) throw badRequest(`There is no version '${String(query.version).slice(0, 20)}'`)
  return found
}
