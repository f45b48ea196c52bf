// Domains: kept and given back, because Terraform makes no service without one. No traffic comes here.
import type { Domain, NamedStore } from '../condition-store.ts'
import type { ServiceStore } from '../service-store.ts'
import { domainAnswer } from './answers.ts'
import type { Operation } from './call.ts'
import { MAX_NAME } from './endpoints.ts'
import { bounded, type Fields, required } from './fields.ts'
import { namedOperations } from './named.ts'

const MAX_COMMENT = 4_000

export function domainOperations({
  services,
  domains,
}: {
  services: ServiceStore
  domains: NamedStore<Domain>
}): Operation[] {
  return namedOperations({
    services,
    path: 'domain',
    kind: 'Domain',
    store: domains,
    create: (fields) => ({
      name: bounded('name', required(fields, 'name'), MAX_NAME),
      comment: '',
      ...readComment(fields),
    }),
    change: readComment,
    answer: domainAnswer,
  })
}

function readComment(fields: Fields): Partial<Pick<Domain, 'comment'>> {
  return fields.has('comment')
    ? { comment: bounded('comment', fields.get('comment') ?? '', MAX_COMMENT) }
    : {}
}
