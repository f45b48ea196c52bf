// Writes a run in the Test Anything Protocol (https://testanything.org, version 14), which most CI systems read.
import { describeExchange } from '../describe.ts'
import type { Reporter } from '../report.ts'
import type { Finding } from '../rule.ts'

export function createTapReporter(write: (text: string) => void, secrets: readonly string[]): Reporter {
  let count = 0

  function tell({ rule, verdict }: Finding): void {
    count++
    const title = `${count} - ${rule.number} ${rule.name}: ${oneLine(rule.demands)}`
    if (verdict.kind === 'pass') write(`ok ${title}\n`)
    else if (verdict.kind === 'skip') write(`ok ${title} # SKIP ${oneLine(verdict.because)}\n`)
    // A "not ok" with TODO does not fail a TAP run, like a warning.
    else write(`not ok ${title}${rule.strength === 'should' ? ' # TODO a warning' : ''}\n`)
    if (verdict.kind !== 'fail') return
    const details = {
      message: verdict.says,
      otherwise: rule.otherwise,
      documented: rule.source.url,
      ...(verdict.fix !== undefined && { fix: verdict.fix }),
      exchanges: verdict.exchanges.map((exchange) => describeExchange(exchange, secrets)),
    }
    // JSON is valid YAML.
    const lines = Object.entries(details).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`)
    write(`  ---\n${lines.join('')}  ...\n`)
  }

  return {
    begin() {
      write('TAP version 14\n')
    },
    area(_name, title) {
      write(`# ${title}\n`)
    },
    found({ findings, incomplete }) {
      findings.forEach(tell)
      if (incomplete !== null) write(`# could not be tested: ${incomplete}\n`)
    },
    end() {
      write(`1..${count}\n`)
    },
  }
}

/** Escapes #, which would begin a directive, and line ends, which would begin another test. */
function oneLine(text: string): string {
  return text.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ')
}
