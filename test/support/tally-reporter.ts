// Ends the run with one plain line that a machine can read: `N passed, N failed`, and the skipped if there are any.
// Above it, what passed at its second try only.
import type { Reporter, TestModule } from 'vitest/node'

export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    // An error outside of any test, a file that could not be loaded: each is a failure too.
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    const secondTries: string[] = []
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state in counts) counts[state as keyof typeof counts]++
        if (test.diagnostic()?.flaky) {
          secondTries.push(`${module.relativeModuleId} > ${test.fullName} (${module.project.name})`)
        }
      }
    }
    const tried = secondTries.map((name) => `passed at its second try: ${name}\n`).join('')
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    // At exit, behind whatever the other reporters still have to say.
    process.on('exit', () =>
      process.stdout.write(`\n${tried}${counts.passed} passed, ${counts.failed} failed${skipped}\n`),
    )
  }
}
