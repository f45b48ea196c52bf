// Whether a version can stream as it is. Formats and conditions were read when they were stored; what may be missing is
// a condition that was deleted since.
import type { StoredCondition } from './condition-store.ts'
import type { LogEndpoint } from './endpoint-store.ts'

export function whyInvalid(
  endpoints: readonly Pick<LogEndpoint, 'name' | 'responseCondition'>[],
  conditions: readonly Pick<StoredCondition, 'name'>[],
): string | null {
  const names = new Set(conditions.map(({ name }) => name))
  for (const { name, responseCondition: condition } of endpoints) {
    if (condition !== '' && !names.has(condition)) {
      return `Log endpoint '${name}' has a response_condition that does not exist: '${condition}'`
    }
  }
  return null
}
