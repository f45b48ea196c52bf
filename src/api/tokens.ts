// GET|POST …/tokens, DELETE …/tokens/:token_id: what programs read the resource with. Made and revoked by people.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { MAX_TOKENS, type TokenStore } from '../access/token-store.ts'
import { AppError } from '../errors.ts'
import { sha256 } from '../secrets/sha256.ts'
import { type Operation, operation } from './operation.ts'

/** Tells people and secret scanners what they have found. */
const PREFIX = 'culvert_'
const SECRET_BYTES = 32
const HINT_CHARACTERS = 4

const instant = z.iso.datetime()

export const tokenSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    hint: z.string().describe('The last four characters of the token.'),
    created_at: instant,
    last_used_at: instant.nullable().describe('To the minute; null where it never was.'),
  })
  .meta({ id: 'Token' })

export function tokenOperations({ tokens }: { tokens: TokenStore }): Operation[] {
  return [
    operation({
      name: 'listTokens',
      method: 'GET',
      path: '/tokens',
      summary: 'The API tokens of the resource, oldest first',
      sessionOnly: true,
      answer: z.object({ tokens: z.array(tokenSchema) }),
      async handle({ reader: { resource } }) {
        const found = await tokens.list(resource.id)
        return {
          tokens: found.map(({ id, name, hint, createdAt, lastUsedAt }) => ({
            id,
            name,
            hint,
            created_at: createdAt.toISOString(),
            last_used_at: lastUsedAt?.toISOString() ?? null,
          })),
        }
      },
    }),

    operation({
      name: 'createToken',
      method: 'POST',
      path: '/tokens',
      summary: 'Makes an API token',
      description: 'A token reads and changes what a signed-in person can, but for tokens themselves.',
      sessionOnly: true,
      errors: ['too_many'],
      body: z.object({ name: z.string().trim().min(1).max(100) }),
      status: 201,
      answer: z.object({
        id: z.uuid(),
        name: z.string(),
        token: z.string().describe('Shown this once: it is not kept.'),
      }),
      async handle({ reader: { resource }, body: { name }, request }) {
        const token = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`
        const kept = name.replaceAll('\0', '')
        const id = await tokens.create(resource.id, sha256(token), {
          name: kept,
          hint: token.slice(-HINT_CHARACTERS),
        })
        if (id === null) throw new AppError('too_many', { limit: MAX_TOKENS, things: 'API tokens' })
        request.log.info({ resource: resource.id, tokenId: id }, 'made an API token')
        return { id, name: kept, token }
      },
    }),

    operation({
      name: 'revokeToken',
      method: 'DELETE',
      path: '/tokens/:token_id',
      summary: 'Revokes an API token, at once',
      sessionOnly: true,
      errors: ['not_found'],
      params: z.object({ token_id: z.uuid() }),
      async handle({ reader: { resource }, params: { token_id: id }, request }) {
        if (!(await tokens.revoke(resource.id, id))) throw new AppError('not_found')
        request.log.info({ resource: resource.id, tokenId: id }, 'revoked an API token')
      },
    }),
  ]
}
