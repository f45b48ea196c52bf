// `culvert manifest`: writes an add-on manifest, judges one, compares it with the pushed one.
import { MANIFEST_FILE } from '../manifest/view.ts'
import type { Command } from './command.ts'
import { diff } from './manifest/diff.ts'
import { generate } from './manifest/generate.ts'
import { validate } from './manifest/validate.ts'

const SUBCOMMANDS: Readonly<Record<string, typeof generate>> = { generate, validate, diff }

export const manifest: Command = {
  name: 'manifest',
  summary: 'writes an add-on manifest, judges one, compares it with the pushed one',
  help: `culvert manifest generate [-f <file>] [--id <slug>] [--name <name>] [--url <origin>] [--requires <a,b>] [--force]
culvert manifest validate [-f <file>] [--json | --tap]
culvert manifest diff --pushed <file> [-f <file>] [--json]

The manifest tells Heroku what your add-on is called, where it is, and the two secrets that you share with Heroku:
the password that it signs its calls with, and the salt that it signs sign-ins with. Keep it out of git.

generate  writes a new one for the Add-on Partner API v3, with strong secrets, for you alone to read.
  --id        the slug that customers type, for ever: acme-logs. Default: the name of this folder
  --name      the name that people read. Default: made of the slug
  --url       where the add-on will be: https://logs.acme.com. Default: an example, to be changed before the push
  --requires  what Heroku is asked to send. Default: all that a log add-on needs, "syslog_drain,log_input,
              many_per_app,attachable". "" for nothing
  --force     write over a file that is there. Its secrets are gone then
validate  judges it by every rule that Heroku's server and kensa are known to have, and says what to do.
  The same as: culvert test manifest
diff      says what a push would change, and for whom. Secrets are compared and not shown.
  --pushed    the manifest that Heroku has, or the JSON that Heroku's registry answers with; - reads what is piped in:
                curl -s https://addons.heroku.com/api/v3/addons/<slug>/current_manifest \\
                  -H "Authorization: Bearer $(heroku auth:token)" | culvert manifest diff --pushed -

  -f, --file  the manifest. Default: ${MANIFEST_FILE}
  --json, --tap  for programs

Exit codes: generate 0, or 2 where nothing was written. validate 0, 1 where a rule that must hold is broken, 2 where
there is nothing to judge. diff 0 where both are the same, 1 where they differ, 2 where one cannot be read.
`,
  async run([name, ...args], context) {
    const subcommand = SUBCOMMANDS[name ?? '']
    if (subcommand === undefined || !Object.hasOwn(SUBCOMMANDS, name ?? '')) {
      context.writeError(
        `culvert manifest ${Object.keys(SUBCOMMANDS).join('|')}\nculvert manifest --help tells more.\n`,
      )
      return 2
    }
    return subcommand(args, context)
  },
}
