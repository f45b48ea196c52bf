// Conditions: /service/{service_id}/version/{version_id}/condition[/{name}]
import type { NamedStore, StoredCondition } from '../condition-store.ts'
import { badRequest, recordNotFound } from '../fastly-error.ts'
import { Refusal } from '../refusal.ts'
import type { ServiceStore } from '../service-store.ts'
import { compileCondition } from '../vcl/condition.ts'
import { conditionAnswer } from './answers.ts'
import { OK, type Operation } from './call.ts'
import { MAX_NAME } from './endpoints.ts'
import { bounded, type Fields, oneOf, required } from './fields.ts'
import { findVersion } from './find.ts'

const PATH = '/service/:service_id/version/:version_id/condition'
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
  return [
    {
      method: 'GET',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return (await conditions.list(ref)).map((condition) => conditionAnswer(ref, condition))
      },
    },
    {
      method: 'POST',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const name = bounded('name', required(call.fields, 'name'), MAX_NAME)
        required(call.fields, 'statement')
        const defaults = { statement: '', type: 'REQUEST' as const, priority: DEFAULT_PRIORITY, comment: '' }
        const condition = { name, ...defaults, ...readChanges(call.fields) }
        return conditionAnswer(ref, await conditions.create(ref, condition))
      },
    },
    {
      method: 'GET',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const name = call.params.name ?? ''
        const condition = await conditions.find(ref, name)
        if (condition === null) throw recordNotFound('Condition', name, ref)
        return conditionAnswer(ref, condition)
      },
    },
    {
      method: 'PUT',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const changes = readChanges(call.fields)
        return conditionAnswer(ref, await conditions.update(ref, call.params.name ?? '', changes))
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await conditions.remove(ref, call.params.name ?? '')
        return OK
      },
    },
  ]
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
