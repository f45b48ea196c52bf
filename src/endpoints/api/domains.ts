// Domains: kept and given back, because Terraform makes no service without one. No traffic comes here.
import type { Domain, NamedStore } from '../condition-store.ts'
import { recordNotFound } from '../fastly-error.ts'
import type { ServiceStore } from '../service-store.ts'
import { domainAnswer } from './answers.ts'
import { OK, type Operation } from './call.ts'
import { MAX_NAME } from './endpoints.ts'
import { bounded, type Fields, required } from './fields.ts'
import { findVersion } from './find.ts'

const PATH = '/service/:service_id/version/:version_id/domain'
const MAX_COMMENT = 4_000

export function domainOperations({
  services,
  domains,
}: {
  services: ServiceStore
  domains: NamedStore<Domain>
}): Operation[] {
  return [
    {
      method: 'GET',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return (await domains.list(ref)).map((domain) => domainAnswer(ref, domain))
      },
    },
    {
      method: 'POST',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const name = bounded('name', required(call.fields, 'name'), MAX_NAME)
        return domainAnswer(
          ref,
          await domains.create(ref, { name, comment: '', ...readComment(call.fields) }),
        )
      },
    },
    {
      method: 'GET',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const name = call.params.name ?? ''
        const domain = await domains.find(ref, name)
        if (domain === null) throw recordNotFound('Domain', name, ref)
        return domainAnswer(ref, domain)
      },
    },
    {
      method: 'PUT',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return domainAnswer(ref, await domains.update(ref, call.params.name ?? '', readComment(call.fields)))
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await domains.remove(ref, call.params.name ?? '')
        return OK
      },
    },
  ]
}

function readComment(fields: Fields): Partial<Domain> {
  return fields.has('comment')
    ? { comment: bounded('comment', fields.get('comment') ?? '', MAX_COMMENT) }
    : {}
}
