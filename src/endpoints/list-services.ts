// The services of a resource. It has one from the start, which is made when somebody asks for them first.
import type { Service, ServiceStore } from './service-store.ts'

/** Oldest first, without deleted ones. */
export type ListServices = (resource: { id: string; name: string | null }) => Promise<Service[]>

export function createListServices(
  services: Pick<ServiceStore, 'list' | 'createFirst'>,
  newId: () => string,
): ListServices {
  return async ({ id, name }) => {
    const found = await services.list(id)
    if (found.length > 0) return found
    await services.createFirst(id, { id: newId(), name: name ?? id })
    return services.list(id)
  }
}
