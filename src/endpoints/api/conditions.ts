// Conditions: /service/{service_id}/version/{version_id}/condition[/{name}]
import type { NamedStore, StoredCondition } from '../condition-store.ts'
import { badRequest } from '../fastly-error.ts'
import { Refusal } from '../refusal.ts'
import type { ServiceStore } from '../service-store.ts'
import { compileCondition } from '../vcl/condition.ts'
import { conditionAnswer } from './answers.ts'
import type { Operation } from './call.ts'
import { MAX_NAME } from './endpoints.ts'
import { bounded, type Fields, oneOf, required } from './fields.ts'
import { namedOperations } from './named.ts'

const TYPES = ['REQUEST', 'RESPONSE', 'CACHE', 'PREFETCH'] as const
const DEFAULT_PRIORITY = '100'
const MAX_STATEMENT = 4_000
const MAX_COMMENT = 4_000

export function conditionOperations({
  services,
  conditions,
}: {
  services: ServiceStore
  conditions: NamedStore<StoredCondition>
}): Operation[] {
  return namedOperations({
    services,
    path: 'condition',
    kind: 'Condition',
    store: conditions,
    create(fields) {
      const name = bounded('name', required(fields, 'name'), MAX_NAME)
      const statement = required(fields, 'statement')
      return {
        name,
        statement,
        type: 'REQUEST' as const,
        priority: DEFAULT_PRIORITY,
        comment: '',
        ...readChanges(fields),
      }
    },
    change: readChanges,
    answer: conditionAnswer,
  })
}

/** No client renames a condition. */
function readChanges(fields: Fields): Partial<Omit<StoredCondition, 'name' | 'createdAt' | 'updatedAt'>> {
  const changes: ReturnType<typeof readChanges> = {}
  if (fields.has('statement')) {
    changes.statement = bounded('statement', required(fields, 'statement'), MAX_STATEMENT)
    try {
      compileCondition(changes.statement)
    } catch (error) {
      if (error instanceof Refusal) throw badRequest(`statement: ${error.message}`)
      throw error
    }
  }
  const type = oneOf(fields, 'type', 'type', TYPES)
  if (type !== undefined) changes.type = type
  const priority = fields.get('priority')
  if (priority) {
    if (!/^-?\d{1,9}$/.test(priority)) throw badRequest('priority is not a number')
    changes.priority = priority
  }
  const comment = fields.get('comment')
  if (comment !== undefined) changes.comment = bounded('comment', comment ?? '', MAX_COMMENT)
  return changes
}
