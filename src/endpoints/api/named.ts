// The five operations on named things of a version that are all kept in the same way.
import type { NamedStore } from '../condition-store.ts'
import { recordNotFound, type VersionRef } from '../fastly-error.ts'
import type { ServiceStore } from '../service-store.ts'
import { OK, type Operation } from './call.ts'
import type { Fields } from './fields.ts'
import { findVersion } from './find.ts'

export interface NamedParts<T extends { name: string }> {
  services: ServiceStore
  /** The last part of its path. */
  path: 'condition' | 'domain'
  kind: 'Condition' | 'Domain'
  store: NamedStore<T>
  /** A new one of these fields. */
  create(fields: Fields): Parameters<NamedStore<T>['create']>[1]
  change(fields: Fields): Parameters<NamedStore<T>['update']>[2]
  answer(ref: VersionRef, thing: T): object
}

export function namedOperations<T extends { name: string }>(parts: NamedParts<T>): Operation[] {
  const { services, kind, store, answer } = parts
  const path = `/service/:service_id/version/:version_id/${parts.path}`
  const nameOf = (params: Record<string, string>) => params.name ?? ''
  return [
    {
      method: 'GET',
      path,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return (await store.list(ref)).map((thing) => answer(ref, thing))
      },
    },
    {
      method: 'POST',
      path,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return answer(ref, await store.create(ref, parts.create(call.fields)))
      },
    },
    {
      method: 'GET',
      path: `${path}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const thing = await store.find(ref, nameOf(call.params))
        if (thing === null) throw recordNotFound(kind, nameOf(call.params), ref)
        return answer(ref, thing)
      },
    },
    {
      method: 'PUT',
      path: `${path}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return answer(ref, await store.update(ref, nameOf(call.params), parts.change(call.fields)))
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await store.remove(ref, nameOf(call.params))
        return OK
      },
    },
  ]
}
