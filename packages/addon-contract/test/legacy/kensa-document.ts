// docs/kensa.md: kensa's checks, our rules for them, and what both said of every case. Made of what was recorded.
import { MANIFEST_RULES } from '../../src/manifest/rules.ts'
import { viewManifest } from '../../src/manifest/view.ts'
import { judgeAll } from '../../src/rule.ts'
import { CASES, type Case, keyOf, manifestOf } from './cases.ts'
import { oldManifest } from './old-addon.ts'

export interface KensaVerdict {
  /** crash: a stack trace in place of a verdict. hang: none in 20 seconds. */
  ends: 'pass' | 'fail' | 'crash' | 'hang'
  /** The check at which it ended. */
  at: string | null
  says: string | null
}

/** Our rules for kensa's checks, and what asks the same of an add-on of today. In kensa's order. */
export const CHECKS: readonly { legacy: string; kensa: string[]; today: string }[] = [
  { legacy: 'K01', kensa: ['id: if exists', 'id: is a string', 'id: is not blank'], today: 'M02' },
  { legacy: 'K02', kensa: ['api: if exists', 'api: is a hash'], today: 'M06' },
  { legacy: 'K03', kensa: ['api: has a list of regions'], today: 'M13' },
  { legacy: 'K04', kensa: ['api: contains at least the US region'], today: 'M14' },
  {
    legacy: 'K05',
    kensa: ['api: contains only valid region names'],
    today: 'M15, with the regions of today',
  },
  { legacy: 'K06', kensa: ['api: contains password'], today: 'M09, which takes no null' },
  { legacy: 'K07', kensa: ['api: contains test url'], today: 'M28, a warning: Heroku does not look at it' },
  { legacy: 'K08', kensa: ['api: contains production url'], today: 'M23' },
  { legacy: 'K09', kensa: ['api: production url uses SSL'], today: 'M24' },
  { legacy: 'K10', kensa: ['api: sso url uses SSL'], today: 'M25' },
  { legacy: 'K11', kensa: ['api: contains config_vars array'], today: 'M16' },
  { legacy: 'K12', kensa: ['api: all config vars are uppercase strings'], today: 'M17' },
  { legacy: 'K13', kensa: ['api: all config vars are prefixed with the addon id'], today: 'M18' },
  { legacy: 'K14', kensa: ['api: deprecated fields'], today: 'M12' },
  { legacy: 'K20', kensa: ['response'], today: 'P01' },
  {
    legacy: 'K21',
    kensa: ['async response to PUT http://localhost:7779/callback/999'],
    today: 'the area async',
  },
  { legacy: 'K22', kensa: ['valid JSON'], today: 'P08' },
  { legacy: 'K23', kensa: ['authentication'], today: 'P04 to P07' },
  { legacy: 'K24', kensa: ['contains an id'], today: 'P09' },
  { legacy: 'K25', kensa: ['id does not contain heroku_id'], today: 'none: version 3 has no heroku_id' },
  { legacy: 'K26', kensa: ['is a hash'], today: 'P13' },
  { legacy: 'K27', kensa: ['all config keys were previously defined in the manifest'], today: 'P12' },
  { legacy: 'K28', kensa: ['all keys in the manifest are present'], today: 'P15, a warning as well' },
  { legacy: 'K29', kensa: ['all config values are strings'], today: 'P13' },
  { legacy: 'K30', kensa: ['URL configs vars'], today: 'P14' },
  { legacy: 'K31', kensa: ['log_drain_url is returned if required'], today: 'P16, also without a config' },
  { legacy: 'K32', kensa: ['(duplicate provision, without a name)'], today: 'P11, P25, P26' },
  { legacy: 'K40', kensa: ['response'], today: 'the area planchange' },
  { legacy: 'K41', kensa: ['authentication'], today: 'the area planchange' },
  { legacy: 'K45', kensa: ['response'], today: 'the area deprovision' },
  { legacy: 'K46', kensa: ['authentication'], today: 'the area deprovision' },
  { legacy: 'K50', kensa: ['validates token'], today: 'the area sso' },
  { legacy: 'K51', kensa: ['validates timestamp'], today: 'the area sso' },
  { legacy: 'K52', kensa: ['logs in'], today: 'the area sso' },
  { legacy: 'K53', kensa: ['creates the heroku-nav-data cookie'], today: 'sso with --nav-header' },
  { legacy: 'K54', kensa: ['displays the heroku layout'], today: 'sso with --nav-header' },
]

/** Of our own rules, those that a manifest breaks and the manifest without fault, which is of version 1, does not. */
export function brokenToday(one: Case): string[] {
  const broken = (of: Case) =>
    judgeAll(
      MANIFEST_RULES,
      viewManifest(manifestOf(of, (requires) => oldManifest(ORIGIN, requires))),
    ).flatMap(({ rule, verdict }) =>
      verdict.kind === 'fail' ? [rule.strength === 'must' ? rule.number : `${rule.number} (warns)`] : [],
    )
  const always = broken(CASES[0] as Case)
  return broken(one).filter((number) => !always.includes(number))
}

const ORIGIN = 'http://localhost:5000'

export interface Difference {
  /** The first rule that ours breaks; null: none. */
  ours: string | null
  why: string
}

/** Where our verdict is another, on purpose. Everything else is the same. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'provision: makes the id of the app’s number': {
    ours: 'K25',
    why:
      'Kensa looks for the number of an app that it draws anew, not of the one that it sent: it cannot find the fault, and ' +
      'once in four hundred runs it finds one where there is none. Ours looks for the number that was sent, and lets a uuid pass.',
  },
  'provision: never calls back': {
    ours: 'K21',
    why: 'Kensa waits for ever. Ours gives up after 30 seconds and says so.',
  },
}

/** What ours is expected to say of a case: the first rule that it breaks. */
export function expectedOf(key: string, { ends, at }: KensaVerdict): string | null {
  const difference = DIFFERENCES[key]
  if (difference !== undefined) return difference.ours
  if (ends === 'pass') return null
  // What comes behind the last check has no name; what comes before the first leaves nothing to try.
  if (at === null) return ends === 'crash' ? 'K32' : null
  return CHECKS.find(({ legacy, kensa }) => kensa.includes(at ?? '') && isOf(key, legacy))?.legacy ?? '?'
}

const RANGES: Readonly<Record<string, [number, number]>> = {
  manifest: [1, 14],
  provision: [20, 32],
  planchange: [40, 41],
  deprovision: [45, 46],
  sso: [50, 54],
}

/** Several checks of kensa's have one name. */
function isOf(key: string, legacy: string): boolean {
  const [first, last] = RANGES[key.split(':')[0] as string] as [number, number]
  const number = Number(legacy.slice(1))
  return number >= first && number <= last
}

export function kensaDocument(verdicts: Record<string, KensaVerdict>): string {
  const rules = CHECKS.map(
    ({ legacy, kensa, today }) => `| ${kensa.map(inCell).join('; ')} | ${legacy} | ${today} |\n`,
  )
  const cases = CASES.map((one) => {
    const key = keyOf(one)
    const verdict = verdicts[key] as KensaVerdict
    const ours = expectedOf(key, verdict) ?? (verdict.ends === 'pass' ? 'ok' : 'cannot be tested, exit 2')
    const mark = DIFFERENCES[key] === undefined ? '' : ' **differs**'
    const today = one.command === 'manifest' ? brokenToday(one).join(', ') || 'ok' : ''
    return `| ${one.command} | ${inCell(one.name)} | ${inCell(told(verdict))} | ${ours}${mark} | ${today} |\n`
  })
  const differences = Object.entries(DIFFERENCES).map(([key, { why }]) => `* **${inCell(key)}.** ${why}\n`)
  return `# kensa and \`heroku-addon-contract test --legacy\`

Heroku's own tester, [kensa](https://github.com/heroku/kensa), speaks the protocol of before version 3 and needs Ruby.
\`test --legacy\` sends the same requests and has the same rules, without Ruby, and goes on after a failure. Both were
tried on the same ${CASES.length} manifests and add-ons, each with one thing wrong or odd; this page says what came of it.

It is generated of what kensa said: \`npx tsx packages/addon-contract/test/legacy/record-kensa.ts <checkout of kensa>\`. The tests try ours on
every case and expect what is written here.

| kensa | here |
|---|---|
| \`kensa test manifest\` | \`test manifest --legacy\` |
| \`kensa test provision [--async]\` | \`test provision --legacy [--async]\` |
| \`kensa test planchange <id> <plan>\` | \`test planchange --legacy --plan <first> --plan <second>\`, on a resource of its own |
| \`kensa test deprovision <id>\` | \`test deprovision --legacy\`, the same |
| \`kensa test sso <id>\` | \`test sso --legacy\`, the same |
| \`kensa test all --plan <plan>\` | \`test all --legacy --plan <plan>\` |
| \`kensa run <command>\` | \`run --legacy -- <command>\` |
| \`kensa init\` | \`manifest generate\` |
| \`kensa push\`, \`pull\` | Heroku's plugin: \`heroku addons:admin:manifest:push\` |

What is otherwise: kensa leaves what it provisions behind, ours removes it. Kensa changes to the plan \`foo\` unless told
another, ours to the one it provisions. Kensa's \`heroku_id\` is of one to four digits, ours of four.

## The rules

| kensa's check | here | of an add-on of today |
|---|---|---|
${rules.join('')}
## The cases

The last column has our own rules, those that \`test manifest\` has without \`--legacy\`.

| area | the manifest or add-on… | kensa | \`--legacy\` | version 3 |
|---|---|---|---|---|
${cases.join('')}
## The differences

Of \`--legacy\` and kensa:

${differences.join('')}
Of the rules for version 3 and kensa, each on purpose:

* **Regions of today** pass: kensa's list ended in 2018. Regions that do not exist fail in both.
* **No test addresses** is a warning: Heroku does not look at them, and its own generator leaves them out.
* **One production address** fails: it means sign-in by GET, which version 3 does not have.
* **A blank id, null for a password, no salt, a slug with "addon", features at the top** fail: kensa does not look, and Heroku
  refuses them, or the add-on cannot work.
`
}

function told({ ends, at, says }: KensaVerdict): string {
  if (ends === 'pass') return 'ok'
  if (ends === 'hang') return 'hangs'
  const where = at === null ? '' : ` at "${at}"`
  return `${ends === 'crash' ? 'crashes' : 'fails'}${where}${says === null ? '' : `: ${says}`}`
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<')
}
