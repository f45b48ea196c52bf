// What operators and their machines ask: alive, ready, and the figures.
import { BlockList, isIPv6 } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { wrongCredential } from '../access/wrong-credential.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { isSameSecret } from '../secrets/constant-time.ts'
import type { Metrics } from './metrics.ts'
import type { CheckReadiness } from './readiness.ts'

export interface OperationsParts {
  config: Pick<Config, 'build' | 'metricsToken' | 'production' | 'publicUrl' | 'proxyHops' | 'limits'>
  metrics: Metrics
  checkReadiness: CheckReadiness
}

export async function operationsRoutes(app: FastifyInstance, parts: OperationsParts): Promise<void> {
  const { config, metrics, checkReadiness } = parts
  app.setErrorHandler((error, request, reply) => {
    const told = error instanceof AppError ? error : new AppError('internal', {}, { cause: error })
    if (told.status >= 500) request.log.error({ err: error }, 'a question of an operator failed')
    return reply.code(told.status).send({ id: told.code, message: told.message })
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  // Reports nothing of the database: a process that cannot reach it still takes deliveries, and a restart would not help.
  app.get('/healthz', async () => ({ status: 'ok', ...config.build }))

  app.get('/readyz', async (_request, reply) => {
    const { ready, notReady } = await checkReadiness()
    return ready ? { status: 'ready' } : reply.code(503).send({ status: 'not ready', not_ready: notReady })
  })

  if (config.metricsToken === null && config.production) {
    app.log.info('/metrics is off: set METRICS_TOKEN, and let Prometheus send it as Authorization: Bearer')
  }
  app.get('/metrics', async (request, reply) => {
    admit(request, config)
    if (request.method === 'HEAD') return reply.send()
    const { contentType, text } = await metrics.render()
    return reply.header('content-type', contentType).send(text)
  })
}

function admit(request: FastifyRequest, config: OperationsParts['config']): void {
  if (config.metricsToken === null) {
    if (config.production || !comesFromNearby(request)) throw new AppError('not_found')
    return
  }
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  if (!isSameSecret(given, config.metricsToken))
    throw wrongCredential(request, new AppError('metrics_token_wrong'))
}

const NEARBY = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  NEARBY.addSubnet(network, prefix, 'ipv4')
NEARBY.addAddress('::1', 'ipv6')
NEARBY.addSubnet('fc00::', 7, 'ipv6')

/** This machine or its private network, and nobody whom a tunnel brought there. */
function comesFromNearby(request: FastifyRequest): boolean {
  if (request.headers['x-forwarded-for'] !== undefined) return false
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return address !== '' && NEARBY.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
