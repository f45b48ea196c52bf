// Resources with one drain each, put into the database as Heroku's provisioning would: thousands of them in a moment.
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { PLAN } from './workplace.ts'

export interface Customer {
  resourceId: string
  drainToken: string
}

export async function addCustomers(pool: Pool, count: number): Promise<Customer[]> {
  const customers = Array.from({ length: count }, () => ({
    resourceId: randomUUID(),
    drainToken: `d.${randomUUID()}`,
  }))
  await pool.query(
    `with added as (
       insert into resource (id, state, name, plan, region)
       select id, 'provisioned', 'bench', $3, 'amazon-web-services::us-east-1' from unnest($1::uuid[]) as id
       returning id, number)
     insert into drain (resource_number, token_digest, token_hint)
     select number, sha256(convert_to(token, 'UTF8')), right(token, 4)
       from unnest($1::uuid[], $2::text[]) as known (id, token) join added using (id)`,
    [
      customers.map((customer) => customer.resourceId),
      customers.map((customer) => customer.drainToken),
      PLAN.slug,
    ],
  )
  return customers
}
