// The API as an OpenAPI 3.1 document, made of the schemas that the routes check with. Pure.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Operation } from './operation.ts'

type Json = Record<string, unknown>

const ERROR = z
  .object({
    id: z.string().describe('For programs: `invalid_params`, `session_required`, …'),
    message: z.string().describe('For people: what happened and what to do.'),
  })
  .meta({ id: 'Error' })

/** Answered by any operation. */
const COMMON_ERRORS: Record<string, string> = {
  401: 'No session or token of this resource.',
  422: 'Something asked for cannot be.',
  429: 'Too many tries with a wrong token.',
  503: 'The database is away, or too many searches are under way.',
}

export interface ApiDescription {
  publicUrl: string
  /** Of the API, not of the service. */
  version: string
}

export function describeApi(operations: readonly Operation[], { publicUrl, version }: ApiDescription): Json {
  const schemas: Record<string, unknown> = {}
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => hoist(toJsonSchema(schema, io), schemas)
  const paths: Record<string, Json> = {}
  for (const one of operations) {
    const path = `/resources/{id}${one.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: describe(one, schemaOf) }
  }
  schemaOf(ERROR, 'output')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Culvert',
      version,
      description:
        'Reads the logs of one add-on resource. Times are RFC 3339. Lines are found by the search language that the page reads, too.',
    },
    servers: [{ url: publicUrl }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token of the resource.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'culvert_session',
          description:
            'Of a person who signed in through Heroku. What changes something must come from the same origin, as application/json.',
        },
      },
    },
  }
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json

function describe(one: Operation, schemaOf: SchemaOf): Json {
  const parameters = [
    { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
    ...parametersOf(one.params, 'path', schemaOf),
    ...parametersOf(one.query, 'query', schemaOf),
  ]
  return {
    operationId: one.name,
    summary: one.summary,
    ...(one.description === undefined ? {} : { description: one.description }),
    ...(one.sessionOnly ? { security: [{ session: [] }] } : {}),
    parameters,
    ...(one.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(schemaOf(one.body, 'input')) } }),
    responses: {
      [one.status]: { description: one.summary, ...contentOf(one, schemaOf) },
      ...errorsOf(one),
    },
  }
}

function parametersOf(object: z.ZodObject | undefined, where: 'path' | 'query', schemaOf: SchemaOf): Json[] {
  return Object.entries(object?.shape ?? {}).map(([name, field]) => {
    const schema = field as z.ZodType
    // As it is after it was read: before, a number in an address is any text.
    const { description, ...rest } = schemaOf(schema, 'output')
    return {
      name,
      in: where,
      required: where === 'path' || !schema.safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}

function contentOf({ answer, events, others }: Operation, schemaOf: SchemaOf): Json {
  const content: Json = answer === undefined ? {} : json(schemaOf(answer, 'output'))
  if (events !== undefined) {
    const names = Object.keys(events).map((name) => `\`${name}\``)
    content['text/event-stream'] = {
      schema: { type: 'string', description: `Server-sent events: ${names.join(', ')}.` },
      // OpenAPI has no word for events: name -> the schema of its data.
      'x-events': Object.fromEntries(
        Object.entries(events).map(([name, schema]) => [name, schemaOf(schema, 'output')]),
      ),
    }
  }
  for (const [type, description] of Object.entries(others ?? {})) {
    content[type] = { schema: { type: 'string', description } }
  }
  return Object.keys(content).length === 0 ? {} : { content }
}

function errorsOf({ errors = [], sessionOnly, method }: Operation): Json {
  const told: Record<string, string> = { ...COMMON_ERRORS }
  if (sessionOnly || method !== 'GET') told[403] = 'Not from our own page, or not by a signed-in person.'
  for (const code of errors) told[new AppError(code).status] ??= `\`${code}\``
  return Object.fromEntries(
    Object.entries(told).map(([status, description]) => [
      status,
      { description, content: json({ $ref: '#/components/schemas/Error' }) },
    ]),
  )
}

function json(schema: Json): Json {
  return { 'application/json': { schema } }
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io })
  return rest as Json
}

/** Named schemas go where all operations can refer to them. */
function hoist(schema: Json, into: Record<string, unknown>): Json {
  const moved = JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as Json & { $defs?: Json; id?: string }
  const { $defs, ...rest } = moved
  for (const [name, one] of Object.entries($defs ?? {})) into[name] = withoutId(one as Json)
  if (typeof rest.id !== 'string' || rest.type === undefined) return rest
  into[rest.id] = withoutId(rest)
  return { $ref: `#/components/schemas/${rest.id}` }
}

function withoutId({ id: _, ...rest }: Json): Json {
  return rest
}
