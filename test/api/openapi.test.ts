// The description of the API is made of the schemas that the routes check with. Here: that it is a valid one, that no
// route is missing from it, and that real answers are what it says.
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { routesOf } from '../support/routes.ts'

const NOON = Date.UTC(2026, 10, 21, 12) * 1000

interface Document {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, Answer> }>>
}
interface Answer {
  content?: Record<string, { schema: object; 'x-events'?: Record<string, object> }>
}

let service: Service
let document: Document
let id: string
let cookie: string

beforeAll(async () => {
  service = await startService()
  const resource = await provisioned(service)
  id = resource.id
  cookie = await signedIn(service, id)
  await service.logs.makeTables([7], new Date(NOON / 1000))
  await service.logs.append([
    delivery(
      [frame('level=error code=7'), frame('Error R14 (Memory quota exceeded)', { source: 'heroku' })],
      {
        resourceNumber: resource.number,
        losses: [{ kind: 'logplex_overflow', lines: 3 }],
      },
    ),
  ])
  document = (await service.app.inject('/openapi.json')).json()
})
afterAll(() => service.close())

it('is a valid OpenAPI document, which anybody may read', async () => {
  const validated = await new Validator().validate({ ...structuredClone(document) })
  expect(validated.errors).toBeUndefined()
  expect(validated.valid).toBe(true)
})

it('holds every route of a resource but its pages', () => {
  const pages = ['GET /resources/{id}', 'GET /resources/{id}/overview', 'GET /resources/{id}/endpoints']
  const routes = routesOf(service.app)
    .filter(({ method, pattern }) => pattern.startsWith('/resources/') && method !== 'HEAD')
    .map(({ method, pattern }) => `${method} ${pattern.replace(/:(\w+)/g, '{$1}')}`)
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.length).toBeGreaterThan(3)
  const notPages = (all: string[]) => all.filter((route) => !pages.includes(route)).sort()
  expect(notPages(routes)).toEqual(notPages(described))
  const names = Object.values(document.paths).flatMap((one) =>
    Object.values(one).map((each) => each.operationId),
  )
  expect(new Set(names).size).toBe(names.length)
})

it.each<[string, string]>([
  ['/lines', ''],
  ['/lines', '?q=level:error&limit=1'],
  ['/tokens', ''],
  ['/usage', ''],
  ['/searches', ''],
  ['/alerts', ''],
  ['/exclusions', ''],
  ['/figures', '?from=2026-11-21T09&to=2026-11-21T13'],
  ['/context', '?cursor=1795255204000004-1795262400000003'],
  ['/histogram', '?q=level:error&from=2026-11-21'],
  ['/histogram', '?from=2026-11-21T10'],
  ['/fields', ''],
  ['/gaps', '?from=2026-11-01'],
  ['/about', ''],
  ['/log-endpoints', ''],
])('says what GET %s%s answers', async (path, query) => {
  const answer = await service.app.inject({ url: `/resources/${id}${path}${query}`, headers: { cookie } })
  expect(answer.statusCode).toBe(200)
  const schema =
    document.paths[`/resources/{id}${path}`]?.get?.responses['200']?.content?.['application/json']?.schema
  expect(schema).toBeDefined()
  expect(violations(schema as object, answer.json())).toEqual([])
  // It is no schema that takes anything.
  expect(violations(schema as object, {})).not.toEqual([])
})

function violations(schema: object, value: unknown): unknown[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const { components } = document as unknown as { components: object }
  const validate = ajv.compile({ ...schema, components })
  return validate(value) ? [] : (validate.errors ?? [])
}
