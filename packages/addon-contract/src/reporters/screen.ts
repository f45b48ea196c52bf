// Prints a run for a person: a line for each rule, and for a broken one the request, the answer, the consequence and the
// source.
import { type DescribedExchange, describeExchange } from '../describe.ts'
import { countResults, type Reporter, type Result, resultOf } from '../report.ts'
import type { Finding } from '../rule.ts'

export interface ScreenOptions {
  /** On a terminal. */
  color: boolean
  secrets: readonly string[]
}

const MARKS: Record<Result, string> = { pass: 'ok  ', fail: 'FAIL', warn: 'warn', skip: 'skip' }
const COLORS: Record<Result, number> = { pass: 32, fail: 31, warn: 33, skip: 90 }
const INDENT = ' '.repeat(7)
/** The width of a label. */
const LABEL = 15
/** --json has all exchanges. */
const MAX_EXCHANGES = 3
const MAX_BODY = 400

export function createScreen(write: (text: string) => void, { color, secrets }: ScreenOptions): Reporter {
  const paint = (text: string, code: number) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)

  function tell(finding: Finding): void {
    const { rule, verdict } = finding
    const result = resultOf(finding)
    const says = verdict.kind === 'skip' ? verdict.because : rule.demands
    write(`  ${paint(MARKS[result], COLORS[result])} ${rule.number} ${rule.name}: ${visible(says)}\n`)
    if (verdict.kind !== 'fail') return
    write(`${INDENT}${visible(verdict.says)}\n`)
    for (const exchange of verdict.exchanges.slice(0, MAX_EXCHANGES)) {
      write(tellExchange(describeExchange(exchange, secrets)))
    }
    const more = verdict.exchanges.length - MAX_EXCHANGES
    if (more > 0) write(`${INDENT}(and ${more} more: --json has all)\n`)
    write(line('otherwise', rule.otherwise))
    if (verdict.fix !== undefined) write(line('fix', verdict.fix))
    write(line('documented', `${rule.source.title}, ${rule.source.url}`))
  }

  return {
    begin({ addon, baseUrl, idUrl, apiUrl }) {
      write(baseUrl === null ? `Testing ${addon}\n` : `Testing ${addon} at ${baseUrl}\n`)
      if (idUrl !== null) {
        write(
          `The add-on may call ${idUrl} as https://id.heroku.com and ${apiUrl} as https://api.heroku.com\n`,
        )
      }
    },
    area(_name, title) {
      write(`\n${paint(title, 1)}\n`)
    },
    found({ findings }) {
      for (const group of groupSkipped(findings)) {
        const [first, last] = [group[0], group.at(-1)]
        if (first === last || first?.verdict.kind !== 'skip') group.forEach(tell)
        else {
          const numbers = `${first.rule.number} to ${last?.rule.number}`
          write(`  ${paint(MARKS.skip, COLORS.skip)} ${numbers}: ${visible(first.verdict.because)}\n`)
        }
      }
    },
    end(report) {
      const { pass, fail, warn, skip } = countResults(report)
      const counts = `${pass} ok, ${fail} failed, ${warn} ${warn === 1 ? 'warning' : 'warnings'}, ${skip} skipped`
      write(`\n${paint(counts, fail > 0 ? COLORS.fail : COLORS.pass)}\n`)
      for (const { title, incomplete } of report.areas) {
        if (incomplete !== null) write(`${title} could not be tested: ${visible(incomplete)}\n`)
      }
      if (report.left.length > 0) write(`Not removed, because DELETE failed: ${report.left.join(', ')}\n`)
    },
  }
}

/** Consecutive rules that were skipped for the same reason form a group. */
function groupSkipped(findings: readonly Finding[]): Finding[][] {
  const groups: Finding[][] = []
  const reasonOf = (finding: Finding | undefined) =>
    finding?.verdict.kind === 'skip' ? finding.verdict.because : null
  for (const finding of findings) {
    const group = groups.at(-1)
    const reason = reasonOf(finding)
    if (group !== undefined && reason !== null && reason === reasonOf(group[0])) group.push(finding)
    else groups.push([finding])
  }
  return groups
}

/** Replaces control characters, which could control the terminal. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u00b7')
}

function tellExchange({ what, from, sent, received, failure, milliseconds }: DescribedExchange): string {
  const [asked, answered] = from === 'heroku' ? ['sent', 'answer'] : ['add-on sent', 'our answer']
  const outcome = received === null ? `nothing: ${failure}` : `${received.status} in ${milliseconds} ms`
  return [
    line(asked, `${sent.method} ${sent.url} (${what})`),
    ...headerLines(sent.headers),
    ...bodyLines(sent.body),
    line(answered, outcome),
    ...(received === null ? [] : [...headerLines(received.headers), ...bodyLines(received.body)]),
  ].join('')
}

function line(name: string, text: string): string {
  return `${INDENT}${`${name}:`.padEnd(LABEL)}${visible(text)}\n`
}

function headerLines(headers: Record<string, string>): string[] {
  return Object.entries(headers).map(
    ([name, value]) => `${INDENT}${' '.repeat(LABEL)}${visible(`${name}: ${value}`)}\n`,
  )
}

function bodyLines(body: string): string[] {
  if (body === '') return []
  const short = body.length <= MAX_BODY ? body : `${body.slice(0, MAX_BODY)}…`
  return short.split('\n').map((text) => `${INDENT}${' '.repeat(LABEL)}${visible(text)}\n`)
}
