// The document of all rules, generated from the rules. Pure.
import type { Area } from './area.ts'

export function rulesTable(areas: readonly Area[]): string {
  const count = areas.reduce((sum, { rules }) => sum + rules.length, 0)
  return `# The rules of the contract

What \`heroku-addon-contract test\` checks: ${count} rules. A broken **must** fails the run; a broken *should* is a warning. Numbers and
names are stable: the number of a removed rule is not used again.

This page is generated: \`npx culvert test rules > packages/addon-contract/docs/rules.md\`.
${areas.map(section).join('')}`
}

function section({ name, title, rules }: Area): string {
  const rows = rules.map((rule) => {
    const when = rule.when === undefined ? '' : ` If ${rule.when}.`
    const strength = rule.strength === 'must' ? '**must**' : '*should*'
    const cells = [
      `${rule.number} \`${rule.name}\``,
      strength,
      `${rule.demands}${when}`,
      rule.otherwise,
      `[${rule.source.title}](${rule.source.url})`,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  })
  return `
## ${title}: \`test ${name}\`

| rule | | the add-on… | otherwise… | source |
|---|---|---|---|---|
${rows.join('')}`
}
