// The process: settings, database, service, listen, and one place that decides how it ends.
import closeWithGrace from 'close-with-grace'
import { type Config, ConfigError, loadConfig, printableConfig } from './config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { StartError } from './errors.ts'
import { createLog, terminalStream } from './operations/log.ts'
import { createService } from './service.ts'

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
if (config.database.url === null) {
  embedded = await startEmbeddedPostgres({
    dataDirectory: config.dataDirectory,
    log: (line) => log.info(line),
  })
}
const databaseUrl = config.database.url ?? (embedded as EmbeddedPostgres).url

const service = await createService({ config, databaseUrl, log }).catch(async (error: unknown) => {
  await embedded?.stop()
  if (!(error instanceof StartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})

closeWithGrace({ delay: GRACE_MS, logger: log }, async ({ signal, err }) => {
  if (err) log.fatal({ err }, 'ending on an error that nobody handled')
  else log.info({ signal }, 'ending')
  await service.close()
  await embedded?.stop()
})

await service.app.listen({ host: config.host, port: config.port })
log.info({ address: config.publicUrl }, 'listening')
