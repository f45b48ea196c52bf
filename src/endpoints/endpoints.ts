// The room put together over an open database: the API that log endpoints are made with.
import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import { createSecretBox } from '../heroku/secret-box.ts'
import { conditionOperations } from './api/conditions.ts'
import { domainOperations } from './api/domains.ts'
import { endpointOperations } from './api/endpoints.ts'
import { toId } from './api/ids.ts'
import type { FastlyApiParts } from './api/routes.ts'
import { serviceOperations } from './api/services.ts'
import { type TokenFacts, tokenOperations } from './api/tokens.ts'
import { versionOperations } from './api/versions.ts'
import { createConditionStore, createDomainStore } from './condition-store.ts'
import { createEndpointStore } from './endpoint-store.ts'
import { createServiceStore } from './service-store.ts'
import { checkTarget } from './target.ts'
import { whyInvalid } from './validate.ts'

export interface LogEndpointsNeeds {
  pool: Pool
  config: Pick<Config, 'secretKeys' | 'publicUrl' | 'drainUrl' | 'production'>
  findCaller: FastlyApiParts['findCaller']
  describeToken(resourceId: string, tokenId: string): Promise<TokenFacts | null>
  now(): number
}

export interface LogEndpoints {
  api: FastlyApiParts
}

export function createLogEndpoints(needs: LogEndpointsNeeds): LogEndpoints {
  const { pool, config, findCaller, describeToken, now } = needs
  const box = createSecretBox(config.secretKeys, randomBytes)
  const targets = {
    ourOrigins: [config.publicUrl, config.drainUrl],
    allowInside: !config.production,
  }
  const services = createServiceStore(pool, async () => {})
  const endpoints = createEndpointStore(pool, box)
  const conditions = createConditionStore(pool)
  const domains = createDomainStore(pool)
  const newId = () => toId(randomBytes(16))
  return {
    api: {
      findCaller,
      now,
      operations: [
        ...serviceOperations({ services, conditions, domains, newId }),
        ...versionOperations({
          services,
          whyInvalid: async (ref) => whyInvalid(await endpoints.list(ref), await conditions.list(ref)),
        }),
        ...endpointOperations({
          services,
          endpoints,
          conditions,
          checkTarget: (url) => checkTarget(url, targets),
        }),
        ...conditionOperations({ services, conditions }),
        ...domainOperations({ services, domains }),
        ...tokenOperations(describeToken),
      ],
    },
  }
}
