// `culvert reconcile`: what the service does every night, now, and what came of it.
import { parseArgs } from 'node:util'
import type { Config } from '../config.ts'
import { HerokuError } from '../heroku/heroku-error.ts'
import { countFindings, type FindingKind, type ReconcileFinding } from '../heroku/reconcile/compare.ts'
import type { Command, CommandContext } from './command.ts'
import { CommandError } from './with-database.ts'
import { type HerokuCommand, requireTokens, withHeroku } from './with-heroku.ts'

const TIMEOUT_MS = 10_000

/** What to do about it. */
const ADVICE: Record<FindingKind, string> = {
  gone: 'Their DELETE was lost. culvert reconcile --end-gone asks about each one and ends it as a DELETE would.',
  lost: 'Their provision never got here, or this is not the whole database. They need to be provisioned again.',
  ended: 'Heroku still bills them: tell Heroku Support, with the uuid.',
  other_plan:
    'A plan change was lost. The service asks about each one within a minute, and follows what Heroku says.',
  drain_elsewhere: 'culvert drains move --to <DRAIN_URL> brings them back.',
  not_listed: 'Look in the log for "drain listing failed", or for a lost grant.',
}

export const reconcile: Command = {
  name: 'reconcile',
  summary: "compares Heroku's list of installs with what is here",
  help: `culvert reconcile [--last] [--end-gone] [--json]

Asks Heroku for every install of the add-on, with the manifest's id and password, and says what differs from what is
here. The service does the same every night; the log and culvert_heroku_reconcile_findings tell of it.

  --last      shows what came of the last time, and asks nothing
  --end-gone  ends the resources that Heroku has no more: only where the Platform API, asked about that one resource,
              confirms it. Makes the DELETE that was lost, at PUBLIC_URL: access ends at once, and the lines are
              deleted seven days later
  --json      {"finished_at", "findings": [{"kind", "resource", "says"}], "ended": [uuid]}

Kinds: gone, lost, ended, other_plan, drain_elsewhere, not_listed.

Exit status: 0 nothing differs; 1 something does; 2 Heroku could not be asked.
`,
  async run(args, context) {
    const { values } = parseArgs({
      args,
      options: {
        last: { type: 'boolean', default: false },
        'end-gone': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
    return withHeroku(context.environment, async (parts) => {
      const { findings, finishedAt } = await find(parts, values.last)
      const ended = values['end-gone'] && !values.last ? await endGone(parts, findings, context) : []
      const left = findings.filter(({ kind, resource }) => kind !== 'gone' || !ended.includes(resource))
      context.write(
        values.json
          ? `${JSON.stringify({ finished_at: new Date(finishedAt).toISOString(), findings, ended }, null, 2)}\n`
          : report(findings, finishedAt, ended),
      )
      return left.length === 0 ? 0 : 1
    })
  },
}

async function find(
  { room }: HerokuCommand,
  isLast: boolean,
): Promise<{ findings: ReconcileFinding[]; finishedAt: number }> {
  if (isLast) {
    const last = await room.reconciler.lastReport()
    if (last === null) throw new CommandError('There was no comparison yet: culvert reconcile')
    return last
  }
  try {
    return { findings: await room.reconciler.run(), finishedAt: Date.now() }
  } catch (error) {
    if (error instanceof HerokuError) throw new CommandError(`Heroku could not be asked: ${error.message}`)
    throw error
  }
}

/** Answers which were ended. */
async function endGone(
  parts: HerokuCommand,
  findings: readonly ReconcileFinding[],
  { writeError }: CommandContext,
): Promise<string[]> {
  requireTokens(parts)
  const { room, config } = parts
  const control = await room.reconciler.findControl(findings)
  const ended: string[] = []
  for (const { resource } of findings.filter(({ kind }) => kind === 'gone')) {
    const reason = await room.reconciler.lookFor(resource, control).then(
      (verdict) => (verdict === 'gone' ? endAt(config, resource) : REASONS[verdict]),
      (error: unknown) => {
        if (!(error instanceof HerokuError)) throw error
        return error.message
      },
    )
    if (reason === null) ended.push(resource)
    else writeError(`${resource} is left alone: ${reason}\n`)
  }
  return ended
}

const REASONS = {
  there: 'Heroku has it after all',
  unsure: 'Heroku cannot be asked about it',
}

/**
 * The DELETE that was lost, as Heroku makes it: the service knows what else ends with a resource. Null where it did,
 * else why not.
 */
async function endAt({ publicUrl, addon }: Config, resourceId: string): Promise<string | null> {
  const url = `${publicUrl}/heroku/resources/${resourceId}`
  const authorization = `Basic ${Buffer.from(`${addon.id}:${addon.passwords[0]}`).toString('base64')}`
  try {
    const answer = await fetch(url, {
      method: 'DELETE',
      headers: { authorization },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return answer.status === 204 || answer.status === 410 ? null : `the service answered ${answer.status}`
  } catch {
    return `the service cannot be reached at ${publicUrl}`
  }
}

function report(findings: readonly ReconcileFinding[], finishedAt: number, ended: readonly string[]): string {
  const when = new Date(finishedAt).toISOString().slice(0, 16).replace('T', ' ')
  if (findings.length === 0) return `As of ${when} UTC nothing differs from Heroku's list of installs.\n`
  const parts = [...countFindings(findings)]
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => {
      const lines = findings
        .filter((finding) => finding.kind === kind)
        .map(({ resource, says }) => `  ${resource}  ${says}${ended.includes(resource) ? ': ended' : ''}\n`)
      return `${kind}: ${count}\n${lines.join('')}  -> ${ADVICE[kind]}\n`
    })
  return `As of ${when} UTC:\n\n${parts.join('\n')}`
}
