// Writes a run as one JSON object at its end.
import { describeExchange } from '../describe.ts'
import { countResults, exitStatus, type Reporter, resultOf } from '../report.ts'
import type { Finding } from '../rule.ts'

export function createJsonReporter(write: (text: string) => void, secrets: readonly string[]): Reporter {
  const describe = (finding: Finding) => {
    const { verdict } = finding
    return {
      ...finding.rule,
      result: resultOf(finding),
      ...(verdict.kind === 'skip' && { because: verdict.because }),
      ...(verdict.kind === 'fail' && {
        says: verdict.says,
        ...(verdict.fix !== undefined && { fix: verdict.fix }),
        exchanges: verdict.exchanges.map((exchange) => describeExchange(exchange, secrets)),
      }),
    }
  }
  return {
    begin() {},
    area() {},
    found() {},
    end(report) {
      const areas = report.areas.map((area) => ({ ...area, findings: area.findings.map(describe) }))
      const whole = {
        ...report.about,
        status: exitStatus(report),
        counts: countResults(report),
        areas,
        left: report.left,
      }
      write(`${JSON.stringify(whole, null, 2)}\n`)
    },
  }
}
