// GET|POST …/searches, PUT|DELETE …/searches/:search_id: searches that people keep.
import { z } from 'zod'
import { readSearch } from './line.ts'
import { instant, keptQuerySchema, nameSchema } from './named.ts'
import { type Operation, operation } from './operation.ts'
import type { SavedSearch, SearchStore } from './search-store.ts'

const searchSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    q: z.string().describe('As typed.'),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'SavedSearch' })

const body = z.object({ name: nameSchema, q: keptQuerySchema })
const params = z.object({ search_id: z.uuid() })

export interface SearchesParts {
  searches: SearchStore
}

export function searchOperations({ searches }: SearchesParts): Operation[] {
  return [
    operation({
      name: 'listSearches',
      method: 'GET',
      path: '/searches',
      summary: 'The saved searches, by name',
      answer: z.object({ searches: z.array(searchSchema) }),
      async handle({ reader: { resource } }) {
        return { searches: (await searches.list(resource.number)).map(toJson) }
      },
    }),

    operation({
      name: 'createSearch',
      method: 'POST',
      path: '/searches',
      summary: 'Saves a search',
      errors: ['name_taken', 'too_many'],
      body,
      status: 201,
      answer: searchSchema,
      async handle({ reader: { resource }, body: search }) {
        readSearch(search)
        return toJson(await searches.create(resource.number, search))
      },
    }),

    operation({
      name: 'updateSearch',
      method: 'PUT',
      path: '/searches/:search_id',
      summary: 'Replaces a saved search',
      errors: ['not_found', 'name_taken'],
      params,
      body,
      answer: searchSchema,
      async handle({ reader: { resource }, params: { search_id: id }, body: search }) {
        readSearch(search)
        return toJson(await searches.update(resource.number, id, search))
      },
    }),

    operation({
      name: 'deleteSearch',
      method: 'DELETE',
      path: '/searches/:search_id',
      summary: 'Forgets a saved search',
      errors: ['not_found'],
      params,
      async handle({ reader: { resource }, params: { search_id: id } }) {
        await searches.remove(resource.number, id)
      },
    }),
  ]
}

function toJson({ id, name, q, createdAt, updatedAt }: SavedSearch): z.input<typeof searchSchema> {
  return { id, name, q, created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() }
}
