// A server that takes deliveries and keeps nothing, to see what receiving and parsing alone costs. RECEIVER says which:
//   culvert  the whole service, but what it would commit is encoded for the commit and then dropped
//   floor    a Fastify route that reads the body and does nothing: no receiver on Fastify can be faster
//   split    as it is done by hand: the body as a string, split at newlines, each line matched
//   logfmt   npm's logfmt, the body parser made for Logplex by its authors' neighbours
// All of them Fastify and 204.
import Fastify, { type FastifyInstance } from 'fastify'
import logfmt from 'logfmt'
import { pino } from 'pino'
import { loadConfig } from '../../src/config.ts'
import { encodeCopy } from '../../src/logs/postgres/copy-encoder.ts'
import { createService } from '../../src/service.ts'
import { atOnce } from '../../src/time-slices.ts'

const BODY_LIMIT_BYTES = 10_000_000
const CONTENT_TYPE = 'application/logplex-1'

const LINE = /^\d+ <(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) (.*)$/

async function culvert(): Promise<FastifyInstance> {
  const config = loadConfig(process.env)
  const databaseUrl = config.database.url
  if (databaseUrl === null) throw new Error('BUG: the receiver wants a DATABASE_URL')
  const service = await createService({ config, databaseUrl, log: pino({ level: 'silent' }) })
  // As at a commit: into a buffer that is used again.
  const buffer = Buffer.allocUnsafeSlow(4_000_000)
  service.drain.file = async (delivery) => {
    atOnce(encodeCopy([delivery], buffer))
    return 'stored'
  }
  return service.app
}

function reading(parse: (body: Buffer) => unknown): FastifyInstance {
  return answering((app) => {
    app.addContentTypeParser(CONTENT_TYPE, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
      parse(body),
    )
  })
}

function splitAndMatch(body: Buffer): object[] {
  const lines: object[] = []
  for (const text of body.toString().split('\n')) {
    const found = LINE.exec(text)
    if (found === null) continue
    const [, priority, time, host, source, process, id, message] = found
    lines.push({
      priority: Number(priority),
      time: new Date(time as string),
      host,
      source,
      process,
      id,
      message,
    })
  }
  return lines
}

function withLogfmt(): FastifyInstance {
  const parse = logfmt.bodyParser()
  return answering((app) => {
    app.addContentTypeParser(CONTENT_TYPE, (_request, payload, done) => {
      // It was written for Express, and asks the request for a header as that has it.
      const asked = Object.assign(payload, {
        header: (name: string) => payload.headers[name],
        body: undefined,
      })
      parse(asked, null, (error) => done(error ?? null, asked.body))
    })
  })
}

function answering(addParser: (app: FastifyInstance) => void): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_LIMIT_BYTES })
  app.removeAllContentTypeParsers()
  addParser(app)
  app.post('/drains/:resource_id', async (_request, reply) => reply.code(204).send())
  return app
}

const RECEIVERS: Record<string, () => FastifyInstance | Promise<FastifyInstance>> = {
  culvert,
  floor: () => reading((body) => body.length),
  split: () => reading(splitAndMatch),
  logfmt: withLogfmt,
}

const app = await RECEIVERS[process.env.RECEIVER ?? '']?.()
if (app === undefined) throw new Error('BUG: RECEIVER names no receiver')
const address = await app.listen({ host: '127.0.0.1', port: 0 })
// A profile is written when the process exits, not when it is killed.
process.once('SIGTERM', () => process.exit())
process.stdout.write(`listening at ${address}\n`)
