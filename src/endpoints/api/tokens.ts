// GET /tokens/self: what a token may.
import { unauthorized } from '../fastly-error.ts'
import type { Operation } from './call.ts'
import { customerId } from './ids.ts'

export interface TokenFacts {
  id: string
  name: string
  createdAt: Date
  lastUsedAt: Date | null
}

export function tokenOperations(
  describeToken: (resourceId: string, tokenId: string) => Promise<TokenFacts | null>,
): Operation[] {
  return [
    {
      method: 'GET',
      path: '/tokens/self',
      async answer({ caller: { resourceId, tokenId }, ip, userAgent }) {
        const token = await describeToken(resourceId, tokenId)
        // Revoked since this request was let in.
        if (token === null) throw unauthorized()
        const time = (date: Date | null) => date && `${date.toISOString().slice(0, 19)}Z`
        return {
          id: token.id,
          user_id: customerId(resourceId),
          customer_id: customerId(resourceId),
          name: token.name,
          last_used_at: time(token.lastUsedAt),
          created_at: time(token.createdAt),
          expires_at: null,
          ip,
          user_agent: userAgent,
          sudo_expires_at: null,
          scopes: ['global'],
          scope: 'global',
          services: [],
          service_id: null,
        }
      },
    },
  ]
}
