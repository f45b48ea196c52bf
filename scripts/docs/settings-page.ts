// docs/settings.md and .env.example, made from the declarations of the settings.
import { listSettings, type Setting, type SettingTree } from '../../src/config/setting.ts'
import { SECTIONS } from '../../src/config/settings.ts'

/** The section that is not for operators to set. */
const PLATFORM = 'Set by the platform'

const PAGE_HEAD = `# Settings

<!-- Generated from src/config/settings.ts by \`npm run docs\`. -->

Every setting is an environment variable. A wrong value ends the start with a line that names the variable. Settings
marked 🔒 are secrets: the log never shows them.
`

const ENV_HEAD = `# Every setting with its default. Generated from src/config/settings.ts by \`npm run docs\`.
# Development needs none of them. docs/settings.md says which ones production requires.
`

export function settingsPage(): string {
  const sections = Object.entries(SECTIONS).map(
    ([title, tree]) => `
## ${title}

| variable | values | default | meaning |
|---|---|---|---|
${rows(tree).map(settingRow).join('\n')}
`,
  )
  return PAGE_HEAD + sections.join('')
}

export function envExample(): string {
  const sections = Object.entries(SECTIONS)
    .filter(([title]) => title !== PLATFORM)
    .map(([title, tree]) => `\n## ${title}\n\n${rows(tree).map(exampleOf).join('\n')}`)
  return ENV_HEAD + sections.join('')
}

interface Row extends Pick<Setting<unknown>, 'type' | 'default' | 'unset' | 'secret' | 'doc'> {
  variable: string
}

/** One row a variable: a rotated secret has two. */
function rows(tree: SettingTree): Row[] {
  return listSettings(tree).flatMap(({ setting }) => {
    const [first = '', previous = ''] = setting.variables
    const variable = setting.isRotated ? first : setting.variables.join('`, `')
    const { type, default: written, unset, secret, doc } = setting
    const row: Row = {
      variable,
      type,
      secret,
      doc,
      ...(written && { default: written }),
      ...(unset && { unset }),
    }
    if (!setting.isRotated) return [row]
    return [
      row,
      { variable: previous, type, secret, doc: `The \`${variable}\` before; accepted during a rotation.` },
    ]
  })
}

function settingRow({ variable, type, default: written, unset, secret, doc }: Row): string {
  const value = written === undefined ? (unset ?? 'none') : `\`${written}\``
  const cells = [`\`${variable}\`${secret === false ? '' : ' 🔒'}`, type.values, value, doc]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function exampleOf({ variable, default: written, unset, doc }: Row): string {
  const otherwise = unset === undefined ? '' : ` Default: ${unset}.`
  return `# ${`${doc}${otherwise}`.replaceAll('`', '')}\n# ${variable}=${written ?? ''}\n`
}
