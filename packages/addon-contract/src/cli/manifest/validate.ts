// The command `manifest validate`: the manifest against every rule for manifests. The same as `test manifest`.
import { parseArgs } from 'node:util'
import { CannotRun } from '../../addon.ts'
import { manifestArea } from '../../manifest/area.ts'
import { MANIFEST_FILE, secretsOf, viewManifest } from '../../manifest/view.ts'
import { exitStatus } from '../../report.ts'
import { runContract } from '../../run.ts'
import { chooseReporter } from '../choose-reporter.ts'
import type { CommandContext } from '../command.ts'
import { readManifest } from './read.ts'

export async function validate(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string', short: 'f', default: MANIFEST_FILE },
      json: { type: 'boolean', default: false },
      tap: { type: 'boolean', default: false },
    },
  })
  try {
    const manifest = readManifest(values.file)
    const { json, tap } = values
    const reporter = chooseReporter({ json, tap, secrets: secretsOf(viewManifest(manifest.data)) }, context)
    const run = { manifest, areas: [manifestArea], production: true, plans: [] }
    return exitStatus(await runContract(run, reporter))
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error
    context.writeError(`${error.message}\n`)
    return 2
  }
}
