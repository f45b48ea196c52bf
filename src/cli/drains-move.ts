// `culvert drains move`.
import { parseArgs } from 'node:util'
import { withAdvisoryLock } from '../database/advisory-lock.ts'
import { type ResourceResult, resourcePages } from '../heroku/move-drains.ts'
import { lookAtDrains } from './check-reachable.ts'
import type { CommandContext } from './command.ts'
import { createProgress } from './progress.ts'
import { CommandError } from './with-database.ts'
import { type HerokuCommand, requireTokens, withHeroku } from './with-heroku.ts'

/** Any number: of all moves of drains. */
const MOVE_LOCK = 7_201_011
const MAX_FAILURES_SHOWN = 50

interface MoveArguments {
  to: string
  dryRun: boolean
  resourceId: string | undefined
  isChecked: boolean
}

export async function moveDrainsTo(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      to: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      resource: { type: 'string' },
      unchecked: { type: 'boolean', default: false },
    },
  })
  const asked: MoveArguments = {
    to: readOrigin(values.to),
    dryRun: values['dry-run'],
    resourceId: values.resource,
    isChecked: !values.unchecked,
  }
  return withHeroku(context.environment, async (parts) => {
    if (!asked.dryRun) requireTokens(parts)
    if (asked.isChecked && !asked.dryRun) await checkTarget(asked.to)
    const status = await withAdvisoryLock(parts.pool, MOVE_LOCK, () => move(parts, asked, context))
    if (status === null) throw new CommandError('Drains are being moved already: wait for that to end.')
    return status
  })
}

async function move(
  { config, room }: HerokuCommand,
  { to, dryRun, resourceId }: MoveArguments,
  { write, isTerminal = false }: CommandContext,
): Promise<number> {
  let total = 0
  for await (const page of resourcePages(room.drainStore)) {
    total += page.filter(({ id }) => resourceId === undefined || id === resourceId).length
  }
  if (total === 0 && resourceId !== undefined)
    throw new CommandError(`There is no live resource ${resourceId}.`)
  const progress = createProgress(total, { write, isTerminal, now: Date.now })
  const sum = { resources: 0, moved: 0, there: 0 }
  const failures: ResourceResult[] = []
  const onResource = (result: ResourceResult) => {
    sum.resources++
    sum.moved += result.moved
    sum.there += result.there
    if (result.failure !== null) failures.push(result)
    if (!dryRun) progress.show(sum.resources, `${sum.moved} drains moved, ${failures.length} failed`)
  }
  await room.moveDrains({ to, dryRun, resourceId, onResource })
  progress.end()
  for (const { resourceId: id, name, failure } of failures.slice(0, MAX_FAILURES_SHOWN)) {
    write(`FAILED  ${id}  ${name}: ${failure}\n`)
  }
  if (failures.length > MAX_FAILURES_SHOWN) write(`… and ${failures.length - MAX_FAILURES_SHOWN} more.\n`)
  write(summary({ ...sum, failed: failures.length, to, dryRun }))
  if (!dryRun && failures.length === 0 && config.drainUrl !== to) {
    write(`New resources are still told ${config.drainUrl}: set DRAIN_URL=${to} and deploy.\n`)
  }
  return failures.length === 0 ? 0 : 1
}

function summary(sum: {
  resources: number
  moved: number
  there: number
  failed: number
  to: string
  dryRun: boolean
}): string {
  const { resources, moved, there, failed, to } = sum
  if (sum.dryRun)
    return `Would move ${moved} drains of ${resources} resources to ${to}; ${there} point there already, by what is known here.\n`
  const again = failed === 0 ? '' : ` ${failed} resources failed: the same command tries them again.`
  return `Moved ${moved} drains of ${resources} resources to ${to}; ${there} pointed there already.${again}\n`
}

/** @throws CommandError */
function readOrigin(text: string | undefined): string {
  if (text === undefined) throw new CommandError('Say where to: culvert drains move --to https://…')
  if (!/^https:\/\/[^/?#@\s]+\/?$/.test(text) || !URL.canParse(text)) {
    throw new CommandError(
      `--to must be an https address without a path, not "${text}": Heroku takes no other.`,
    )
  }
  return new URL(text).origin
}

/** All lines of all customers will go there. @throws CommandError */
async function checkTarget(origin: string): Promise<void> {
  const wrong = await lookAtDrains(origin)
  if (wrong !== null) throw new CommandError(`${wrong.says}. ${wrong.fix} Or say --unchecked.`)
}
