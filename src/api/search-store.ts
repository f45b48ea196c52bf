// All SQL on saved_search.
import type { Pool } from 'pg'
import { AppError } from '../errors.ts'
import type { ResourcePart } from '../resources/lifecycle.ts'
import { insertNamed, nameTaken } from '../resources/named-rows.ts'

export interface SavedSearch {
  id: string
  name: string
  q: string
  createdAt: Date
  updatedAt: Date
}

export type NewSearch = Pick<SavedSearch, 'name' | 'q'>

export interface SearchStore extends ResourcePart {
  /** By name. */
  list(resourceNumber: number): Promise<SavedSearch[]>
  /** @throws AppError name_taken, too_many */
  create(resourceNumber: number, search: NewSearch): Promise<SavedSearch>
  /** @throws AppError not_found, name_taken */
  update(resourceNumber: number, id: string, search: NewSearch): Promise<SavedSearch>
  /** @throws AppError not_found */
  remove(resourceNumber: number, id: string): Promise<void>
}

export const MAX_SEARCHES = 100
const COLUMNS = `id, name, q, created_at as "createdAt", updated_at as "updatedAt"`

export function createSearchStore(pool: Pool): SearchStore {
  return {
    async list(resourceNumber) {
      const { rows } = await pool.query<SavedSearch>(
        `select ${COLUMNS} from saved_search where resource_number = $1 order by name`,
        [resourceNumber],
      )
      return rows
    },

    create(resourceNumber, { name, q }) {
      const row = { table: 'saved_search', things: 'saved searches', resourceNumber, name }
      return insertNamed(pool, row, MAX_SEARCHES, async (client) => {
        const { rows } = await client.query<SavedSearch>(
          `insert into saved_search (resource_number, name, q) values ($1, $2, $3) returning ${COLUMNS}`,
          [resourceNumber, name, q],
        )
        return rows[0] as SavedSearch
      })
    },

    async update(resourceNumber, id, { name, q }) {
      const { rows } = await nameTaken(name, () =>
        pool.query<SavedSearch>(
          `update saved_search set name = $3, q = $4, updated_at = now()
            where resource_number = $1 and id = $2 returning ${COLUMNS}`,
          [resourceNumber, id, name, q],
        ),
      )
      const [search] = rows
      if (search === undefined) throw new AppError('not_found')
      return search
    },

    async remove(resourceNumber, id) {
      const { rowCount } = await pool.query(
        'delete from saved_search where resource_number = $1 and id = $2',
        [resourceNumber, id],
      )
      if (rowCount === 0) throw new AppError('not_found')
    },

    async end(client, { number }) {
      await client.query('delete from saved_search where resource_number = $1', [number])
    },
  }
}
