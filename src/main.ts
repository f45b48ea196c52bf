// The process: settings, database, service, listen, and one place that decides how it ends.
import closeWithGrace from 'close-with-grace'
import { type Config, ConfigError, loadConfig, printableConfig } from './config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { errorText } from './error-text.ts'
import { StartError } from './errors.ts'
import { createLog, terminalStream } from './operations/log.ts'
import { createService, type Service } from './service.ts'

/** Heroku kills a dyno 30 s after SIGTERM; the rest is for what the operating system still has to do. */
const GRACE_MS = 25_000

function readConfig(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

const config = readConfig()
const log = createLog(config.logLevel, terminalStream())
log.info({ settings: printableConfig(config) }, 'starting')

let embedded: EmbeddedPostgres | undefined
let service: Service | undefined

try {
  if (config.database.url === null) {
    embedded = await startEmbeddedPostgres({
      dataDirectory: config.dataDirectory,
      log: (line) => log.info(line),
    })
  }
  const databaseUrl = config.database.url ?? (embedded as EmbeddedPostgres).url
  service = await createService({ config, databaseUrl, log })
  await service.app.listen({ host: config.host, port: config.port })
} catch (error) {
  await giveUp(error)
}

closeWithGrace({ delay: GRACE_MS, logger: log }, async ({ signal, err }) => {
  if (err) log.fatal({ err }, 'unhandled error: ending')
  else log.info({ signal }, 'ending')
  await close()
})
log.info({ address: config.publicUrl }, 'listening')

async function close(): Promise<void> {
  await service?.close()
  await embedded?.stop()
}

/** A sentence for the operator; the log has the rest, as much of it as may be shown. */
async function giveUp(error: unknown): Promise<never> {
  if (!(error instanceof StartError)) log.fatal({ err: error }, 'start failed')
  process.stderr.write(`${sentenceOf(error)}\n`)
  await close().catch((err: unknown) => log.error({ err }, 'close failed'))
  process.exit(1)
}

function sentenceOf(error: unknown): string {
  if (error instanceof StartError) return error.message
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (syscall === 'listen') {
    const why = code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be listened on (${code})`
    return `Port ${config.port} ${why}: set PORT.`
  }
  return `The service could not start: ${errorText(error)}`
}
