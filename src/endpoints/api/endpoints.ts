// The five operations on log endpoints: /service/{service_id}/version/{version_id}/logging/heroku[/{name}]
import type { NamedStore, StoredCondition } from '../condition-store.ts'
import type { EndpointChanges, EndpointStore, LogEndpoint } from '../endpoint-store.ts'
import { badRequest, type FastlyError, recordNotFound, type VersionRef } from '../fastly-error.ts'
import { compileFormat, type FormatVersion, MAX_FORMAT_CHARACTERS } from '../format/compile.ts'
import { Refusal } from '../refusal.ts'
import type { ServiceStore } from '../service-store.ts'
import { endpointAnswer } from './answers.ts'
import { OK, type Operation } from './call.ts'
import { bounded, type Fields, oneOf, required } from './fields.ts'
import { findVersion } from './find.ts'

export interface EndpointParts {
  services: ServiceStore
  endpoints: EndpointStore
  conditions: Pick<NamedStore<StoredCondition>, 'find'>
  /** @throws Error with a sentence, where nothing may be sent to this address */
  checkTarget(url: string): void
}

const PATH = '/service/:service_id/version/:version_id/logging/heroku'
const DEFAULT_FORMAT = '%h %l %u %t "%r" %>s %b'
export const MAX_NAME = 255
/** As long as any address that is called (src/outbound/target-url.ts). */
const MAX_TARGET = 2_000

export function endpointOperations(parts: EndpointParts): Operation[] {
  const { services, endpoints } = parts
  return [
    {
      method: 'GET',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return (await endpoints.list(ref)).map((endpoint) => endpointAnswer(ref, endpoint))
      },
    },
    {
      method: 'POST',
      path: PATH,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const { fields } = call
        const given = readChanges(fields)
        const endpoint = {
          name: required(fields, 'name'),
          token: required(fields, 'token'),
          url: required(fields, 'url'),
          format: DEFAULT_FORMAT,
          formatVersion: 2 as const,
          placement: null,
          responseCondition: '',
          logProcessingRegion: 'none' as const,
          ...given,
        }
        await check(parts, ref, given, endpoint)
        return endpointAnswer(ref, await endpoints.create(ref, endpoint))
      },
    },
    {
      method: 'GET',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        return endpointAnswer(ref, await find(endpoints, ref, call.params.name ?? ''))
      },
    },
    {
      method: 'PUT',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        const name = call.params.name ?? ''
        const changes = readChanges(call.fields)
        await check(parts, ref, changes, { ...(await find(endpoints, ref, name)), ...changes })
        return endpointAnswer(ref, await endpoints.update(ref, name, changes))
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/:name`,
      async answer(call) {
        const { ref } = await findVersion(services, call)
        await endpoints.remove(ref, call.params.name ?? '')
        return OK
      },
    },
  ]
}

async function find(endpoints: EndpointStore, ref: VersionRef, name: string): Promise<LogEndpoint> {
  const endpoint = await endpoints.find(ref, name)
  if (endpoint === null) throw recordNotFound('syslog', name, ref)
  return endpoint
}

/** What the fields say, and nothing of what they leave out. */
function readChanges(fields: Fields): EndpointChanges {
  const changes: EndpointChanges = {}
  // Null means "as it is by itself", where there is such a thing.
  const text = (name: string, max: number) => {
    if (fields.has(name)) return bounded(name, required(fields, name), max)
    return undefined
  }
  const name = text('name', MAX_NAME)
  if (name !== undefined) changes.name = name
  const token = text('token', MAX_TARGET)
  if (token !== undefined) changes.token = token
  const url = text('url', MAX_TARGET)
  if (url !== undefined) changes.url = url
  if (fields.has('format')) {
    changes.format = bounded('format', fields.get('format') ?? DEFAULT_FORMAT, MAX_FORMAT_CHARACTERS)
  }
  if (fields.has('format_version')) {
    const version = oneOf(fields, 'format_version', 'format_version', ['1', '2'])
    changes.formatVersion = Number(version ?? 2) as FormatVersion
  }
  if (fields.has('placement')) changes.placement = readPlacement(fields)
  const condition = fields.get('response_condition')
  // Fastly looks for a condition of this name, and does not find one.
  if (condition === '') throw noCondition('')
  if (condition !== undefined) changes.responseCondition = condition ?? ''
  if (fields.has('log_processing_region')) {
    const region = oneOf(fields, 'log_processing_region', 'log_processing_region', ['none', 'eu', 'us'])
    changes.logProcessingRegion = region ?? 'none'
  }
  return changes
}

/** A form cannot say null: generated clients write the word, and Python's writes its own. */
function readPlacement(fields: Fields): LogEndpoint['placement'] {
  const placement = oneOf(fields, 'placement', 'placement', ['none', 'waf_debug', 'null', 'None'])
  return placement === 'none' || placement === 'waf_debug' ? placement : null
}

/**
 * @param changes what is new
 * @param after what it makes of the endpoint
 */
async function check(
  { conditions, checkTarget }: EndpointParts,
  ref: VersionRef,
  changes: EndpointChanges,
  after: Pick<LogEndpoint, 'format' | 'formatVersion'>,
): Promise<void> {
  if (changes.url !== undefined) {
    try {
      checkTarget(changes.url)
    } catch (error) {
      throw badRequest(`url: ${(error as Error).message}`)
    }
  }
  if (changes.format !== undefined || changes.formatVersion !== undefined) {
    try {
      compileFormat(after.format, after.formatVersion)
    } catch (error) {
      if (error instanceof Refusal) throw badRequest(`format: ${error.message}`)
      throw error
    }
  }
  const { responseCondition: name } = changes
  if (name && (await conditions.find(ref, name)) === null) throw noCondition(name)
}

function noCondition(name: string): FastlyError {
  return badRequest(`No condition named '${name.slice(0, MAX_NAME)}'`)
}
