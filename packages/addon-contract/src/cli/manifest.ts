// The command `manifest`: writes an add-on manifest, validates one, compares it with the pushed one.
import { MANIFEST_FILE } from '../manifest/view.ts'
import type { Command } from './command.ts'
import { diff } from './manifest/diff.ts'
import { generate } from './manifest/generate.ts'
import { validate } from './manifest/validate.ts'

const SUBCOMMANDS: Readonly<Record<string, typeof generate>> = { generate, validate, diff }

export const manifest: Command = {
  name: 'manifest',
  summary: 'writes an add-on manifest, validates one, compares it with the pushed one',
  help: (
    program,
  ) => `${program} manifest generate [-f <file>] [--id <slug>] [--name <name>] [--url <origin>] [--requires <a,b>] [--force]
${program} manifest validate [-f <file>] [--json | --tap]
${program} manifest diff --pushed <file> [-f <file>] [--json]

The manifest tells Heroku the name and the address of your add-on and the two secrets that you share with Heroku:
the password that authenticates its calls, and the salt that signs sign-ins. Keep it out of git.

generate  writes a new manifest for the Add-on Partner API v3, with strong secrets, readable by you only.
  --id        the slug that customers type; it cannot change after the first push: acme-logs.
              Default: the name of this directory
  --name      the display name. Default: derived from the slug
  --url       the public address of the add-on: https://logs.acme.com. Default: an example to replace before the push
  --requires  the features that Heroku provides to the add-on. Default: what a log add-on needs,
              "syslog_drain,log_input,many_per_app,attachable". "" for none
  --force     overwrite an existing file; its secrets are lost
validate  checks the manifest against every known rule of Heroku's server and kensa, and says how to fix it.
  The same as: ${program} test manifest
diff      says what a push would change, and whom that affects. Secrets are compared but not shown.
  --pushed    the manifest that Heroku has, or the JSON that Heroku's registry answers with; - reads standard input:
                curl -s https://addons.heroku.com/api/v3/addons/<slug>/current_manifest \\
                  -H "Authorization: Bearer $(heroku auth:token)" | ${program} manifest diff --pushed -

  -f, --file  the manifest. Default: ${MANIFEST_FILE}
  --json, --tap  output for programs

Exit status: generate 0, or 2 if nothing was written. validate 0, 1 if a must is broken, 2 if there is no manifest.
diff 0 if both are the same, 1 if they differ, 2 if one cannot be read.
`,
  async run([name, ...args], context) {
    const subcommand = SUBCOMMANDS[name ?? '']
    if (subcommand === undefined || !Object.hasOwn(SUBCOMMANDS, name ?? '')) {
      context.writeError(
        `Name one of: ${Object.keys(SUBCOMMANDS).join(', ')}. See: ${context.program} manifest --help\n`,
      )
      return 2
    }
    return subcommand(args, context)
  },
}
