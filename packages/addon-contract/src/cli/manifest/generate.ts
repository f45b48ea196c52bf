// The command `manifest generate`: writes a new manifest and prints the next steps.
import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { brokenRules } from '../../manifest/broken-rules.ts'
import { generateManifest, nameOf, slugOf } from '../../manifest/generate.ts'
import { FEATURES } from '../../manifest/offer-rules.ts'
import { MANIFEST_FILE } from '../../manifest/view.ts'
import type { CommandContext } from '../command.ts'

/** Written in hex, so that no shell and no URL needs to quote them. */
const SECRET_BYTES = 24

export async function generate(
  args: string[],
  { program, write, writeError }: CommandContext,
): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string', short: 'f', default: MANIFEST_FILE },
      id: { type: 'string' },
      name: { type: 'string' },
      url: { type: 'string' },
      requires: { type: 'string', default: FEATURES.join(',') },
      force: { type: 'boolean', default: false },
    },
  })
  const id = values.id ?? slugOf(basename(process.cwd()))
  const manifest = generateManifest({
    id,
    name: values.name ?? nameOf(id),
    origin: values.url?.replace(/(?<!\/)\/+$/, '') ?? `https://${id}.example.com`,
    requires: values.requires.split(',').filter((feature) => feature !== ''),
    secret: () => randomBytes(SECRET_BYTES).toString('hex'),
  })
  const wrong = brokenMusts(manifest)
  if (wrong.length > 0) {
    const chosen =
      values.id === undefined ? `"${id}", the name of this directory; choose another with --id` : `"${id}"`
    writeError(`Nothing was written. The id is ${chosen}.\n${wrong.map((line) => `  ${line}\n`).join('')}`)
    return 2
  }
  try {
    writeFileSync(values.file, `${JSON.stringify(manifest, null, 2)}\n`, {
      flag: values.force ? 'w' : 'wx',
      mode: 0o600,
    })
    // An overwritten file keeps its mode.
    chmodSync(values.file, 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    writeError(
      code === 'EEXIST'
        ? `${values.file} exists. Name another file with -f, or overwrite it and its secrets with --force.\n`
        : `${values.file} cannot be written: ${code}\n`,
    )
    return 2
  }
  write(nextSteps(program, values.file, id, values.url !== undefined))
  return 0
}

/** The rules that the user's choices break. */
function brokenMusts(manifest: object): string[] {
  return brokenRules(manifest)
    .filter(({ strength }) => strength === 'must')
    .map(({ number, says, fix }) => `${number} ${says}. ${fix ?? ''}`)
}

function nextSteps(program: string, file: string, id: string, hasUrl: boolean): string {
  const read = (key: string) =>
    `"$(node -p 'JSON.parse(fs.readFileSync(${JSON.stringify(file)})).api.${key}')"`
  const steps = [
    `Keep it out of git: it holds the secrets that you share with Heroku.
     echo ${basename(file)} >> .gitignore`,
    ...(hasUrl ? [] : ['Replace the two example.com addresses at api.production with your own.']),
    `Give the service the same secrets, without printing them:
     heroku config:set -a <the app that runs it> ADDON_ID=${id} \\
       ADDON_PASSWORD=${read('password')} ADDON_SSO_SALT=${read('sso_salt')}`,
    `Start the service and test whether it does what Heroku expects:
     npx ${program} test all -f ${file}`,
    `Push it. After that the id can no longer change:
     heroku plugins:install addons-admin
     heroku addons:admin:manifest:push`,
    `Before each later push, see what it would change:
     npx ${program} manifest diff --help`,
  ]
  return `${file} is written, readable by you only. Next steps:

${steps.map((step, at) => `  ${at + 1}. ${step}\n`).join('')}
`
}
