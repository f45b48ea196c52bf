// What the commits of deliveries are like: how long, how large, how many failed. Wrapped around the log store, so
// that whatever files deliveries is measured.
import { PlainHistogram } from './plain-histogram.ts'

export class CommitFigures {
  readonly seconds = new PlainHistogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
  readonly lines = new PlainHistogram([1, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000])
  failures = 0

  measured<D extends { lines: { length: number } }, Filed>(
    append: (deliveries: readonly D[]) => Promise<Filed>,
  ): (deliveries: readonly D[]) => Promise<Filed> {
    return async (deliveries) => {
      const started = performance.now()
      try {
        const filed = await append(deliveries)
        this.seconds.record((performance.now() - started) / 1000)
        this.lines.record(deliveries.reduce((sum, { lines }) => sum + lines.length, 0))
        return filed
      } catch (error) {
        this.failures++
        throw error
      }
    }
  }
}
