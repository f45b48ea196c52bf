// The service and the version that a path names, if the caller may see them. Whatever else a request asks, this comes
// first: a stranger's service is as one that never was.
import { serviceDeleted, serviceNotFound, type VersionRef, versionNotFound } from '../fastly-error.ts'
import type { Service, ServiceStore, Version } from '../service-store.ts'
import type { Call } from './call.ts'

type Services = Pick<ServiceStore, 'find' | 'findVersion'>

/** @throws FastlyError */
export async function findService(services: Services, { caller, params }: Call): Promise<Service> {
  const service = await services.find(caller.resourceId, params.service_id ?? '')
  if (service === null) throw serviceNotFound()
  if (service.deletedAt !== null) throw serviceDeleted(service.id)
  return service
}

/** @throws FastlyError */
export async function findVersion(
  services: Services,
  call: Call,
): Promise<{ service: Service; version: Version; ref: VersionRef }> {
  const service = await findService(services, call)
  const text = call.params.version_id ?? ''
  const version = /^\d{1,9}$/.test(text) ? await services.findVersion(service.id, Number(text)) : null
  if (version === null) throw versionNotFound(service.id, text)
  return {
    service,
    version,
    ref: { resourceId: call.caller.resourceId, serviceId: service.id, version: version.number },
  }
}
