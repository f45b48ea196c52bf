// `culvert drains`: where the drains of our resources point, and letting them point elsewhere.

import type { Command } from './command.ts'
import { listDrains } from './drains-list.ts'
import { moveDrainsTo } from './drains-move.ts'

export const drains: Command = {
  name: 'drains',
  summary: 'shows where the drains point, and moves them to another address',
  help: `culvert drains list [--live] [--resource <uuid>] [--json]
culvert drains move --to <origin> [--dry-run] [--resource <uuid>] [--unchecked]

list: one line for each drain of each resource: the app, Heroku's id of the drain, where it points, and whether that
is here (DRAIN_URL). As of the last time Heroku was asked, which the service does hourly.

  --live             asks Heroku now, about one resource after the other. Heroku gives out 4,500 calls an hour
  --resource <uuid>  this one alone
  --json             [{"resource", "name", "app", "drain", "url", "ours", "listed_at"}]

move: lets every drain point to <origin>, an https address of another Culvert over the same database, or of this one
by another name. Each drain is moved once. If it is ended half-way, or some could not be moved, the same command goes
on where it was. Lines flow all the while: keep the old address alive for a day, since Logplex keeps connections up to
five hours.

  --to <origin>      https://logs.example.com
  --dry-run          says what it would do, by what is known here, and asks Heroku nothing
  --resource <uuid>  this one alone: try it on one of your own first
  --unchecked        does not look whether a Culvert answers there

Exit status: 0 all is done; 1 some drains could not be moved, or listed; 2 nothing could be done.
`,
  async run([what, ...rest], context) {
    if (what === 'list') return listDrains(rest, context)
    if (what === 'move') return moveDrainsTo(rest, context)
    context.writeError('Say what to do with the drains: list or move. culvert drains --help\n')
    return 2
  },
}
