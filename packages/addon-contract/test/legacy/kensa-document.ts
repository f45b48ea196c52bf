// Generates docs/kensa.md: kensa's checks, our rules for them, and the verdicts of both on every case.
import { MANIFEST_RULES } from '../../src/manifest/rules.ts'
import { viewManifest } from '../../src/manifest/view.ts'
import { judgeAll } from '../../src/rule.ts'
import { CASES, type Case, keyOf, manifestOf } from './cases.ts'
import { oldManifest } from './old-addon.ts'

export interface KensaVerdict {
  /** crash: a stack trace instead of a verdict. hang: no verdict in 20 seconds. */
  ends: 'pass' | 'fail' | 'crash' | 'hang'
  /** The check at which it stopped. */
  at: string | null
  says: string | null
}

/** Our rules for kensa's checks, and the equivalent rules for version 3. In kensa's order. */
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
  { legacy: 'K06', kensa: ['api: contains password'], today: 'M09, which refuses null' },
  { legacy: 'K07', kensa: ['api: contains test url'], today: 'M28, a warning: Heroku ignores it' },
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

/** The rules for version 3 that a manifest breaks and the valid manifest of version 1 does not. */
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
  /** The first legacy rule that the case breaks; null: none. */
  ours: string | null
  why: string
}

/** The intended differences of our verdicts. All others are the same. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'provision: makes the id of the app’s number': {
    ours: 'K25',
    why:
      'Kensa searches the id for a newly drawn app number, not for the one that it sent: it cannot detect the defect, and ' +
      'fails one of four hundred correct runs. Ours searches for the number that was sent, and accepts a uuid.',
  },
  'provision: never calls back': {
    ours: 'K21',
    why: 'Kensa waits forever. Ours fails after 30 seconds.',
  },
}

/** The expected verdict of a case: the first legacy rule that it breaks. */
export function expectedOf(key: string, { ends, at }: KensaVerdict): string | null {
  const difference = DIFFERENCES[key]
  if (difference !== undefined) return difference.ours
  if (ends === 'pass') return null
  // A failure after the last check has no name; before the first, nothing can be tested.
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

/** Several checks of kensa have the same name. */
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
\`test --legacy\` sends the same requests and applies the same rules, without Ruby, and continues after a failure. This page
compares both on ${CASES.length} manifests and add-ons, each with one defect or oddity.

It is generated from recorded verdicts of kensa:
\`npx tsx packages/addon-contract/test/legacy/record-kensa.ts <checkout of kensa>\`. The tests expect these verdicts of ours.

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

Other differences: ours deprovisions what it provisioned. Kensa changes to the plan \`foo\` by default, ours to the
provisioned plan. Kensa's \`heroku_id\` has one to four digits, ours four.

## The rules

| kensa's check | \`--legacy\` | version 3 |
|---|---|---|
${rules.join('')}
## The cases

The last column has the rules of \`test manifest\` without \`--legacy\` that the case breaks.

| area | the manifest or add-on… | kensa | \`--legacy\` | version 3 |
|---|---|---|---|---|
${cases.join('')}
## The differences

Between \`--legacy\` and kensa:

${differences.join('')}
Between the rules for version 3 and kensa, all intended:

* **Regions of today** pass: kensa's list ended in 2018. Regions that do not exist fail in both.
* **No test addresses** is a warning: Heroku ignores them, and its generator omits them.
* **One production address** fails: it means sign-in by GET, which version 3 does not have.
* **A blank id, null for a password, no salt, a slug with "addon", features at the top** fail: kensa does not check
  them, and Heroku refuses them or the add-on cannot work.
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
