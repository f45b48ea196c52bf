// `culvert drains list`.
import { parseArgs } from 'node:util'
import { HerokuError } from '../heroku/heroku-error.ts'
import { drainAddress, resourcePages } from '../heroku/move-drains.ts'
import type { ResourceDrains } from '../resources/drain-store.ts'
import type { CommandContext } from './command.ts'
import { type HerokuCommand, requireTokens, withHeroku } from './with-heroku.ts'

interface Row {
  resource: string
  name: string
  app: string | null
  /** Heroku's id. */
  drain: string | null
  url: string | null
  /** Null: it is not known where it points. */
  ours: boolean | null
  listed_at: string | null
}

export async function listDrains(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      live: { type: 'boolean', default: false },
      resource: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  return withHeroku(context.environment, async (parts) => {
    const { config, room } = parts
    const isAsked = ({ id }: ResourceDrains) => values.resource === undefined || id === values.resource
    if (values.live) requireTokens(parts)
    const failed = values.live ? await listAnew(parts, isAsked, context) : 0
    const rows: Row[] = []
    for await (const page of resourcePages(room.drainStore)) {
      rows.push(...page.filter(isAsked).flatMap((resource) => rowsOf(resource, config.drainUrl)))
    }
    context.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows))
    return failed === 0 ? 0 : 1
  })
}

/** Answers how many resources could not be listed. */
async function listAnew(
  { room }: HerokuCommand,
  isAsked: (resource: ResourceDrains) => boolean,
  { writeError }: CommandContext,
): Promise<number> {
  let failed = 0
  for await (const page of resourcePages(room.drainStore)) {
    for (const { id } of page.filter(isAsked)) {
      await room.listDrains(id, 'background').catch((error: unknown) => {
        if (!(error instanceof HerokuError)) throw error
        failed++
        writeError(`${id}: ${error.message}\n`)
      })
    }
  }
  return failed
}

function rowsOf({ id, name, drains }: ResourceDrains, drainUrl: string): Row[] {
  const ours = drainAddress(drainUrl, id)
  return drains.map(({ app, herokuDrainId, url, listedAt }) => ({
    resource: id,
    name,
    app,
    drain: herokuDrainId,
    url,
    ours: url === null ? null : url === ours,
    listed_at: listedAt === null ? null : new Date(listedAt).toISOString(),
  }))
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ resource, app, drain, url, ours }) => [
    resource,
    app ?? '?',
    drain ?? '?',
    ours === null ? '?' : ours ? 'yes' : 'NO',
    url ?? 'not listed yet',
  ])
  const all = [['RESOURCE', 'APP', 'DRAIN', 'OURS', 'URL'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  const elsewhere = rows.filter(({ ours }) => ours === false).length
  const drains = rows.length === 1 ? '1 drain' : `${rows.length} drains`
  return `${lines.join('\n')}\n\n${drains}, ${elsewhere} of them elsewhere.\n`
}
