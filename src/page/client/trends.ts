// The last memory and load figures of each dyno, as its metric lines come by, for the small curve beside the newest one
// (labs log-runtime-metrics, every 20 seconds). Bounded by dynos and by length. Pure.
import type { Line } from '../reading/line.ts'

const LENGTH = 24
/** Dynos whose curves are kept; a resource has few at a time. */
const MAX_CURVES = 500

const SAMPLE = /sample#(memory_total|load_avg_1m)=(\d+(?:\.\d+)?)/

export class Trends {
  readonly #curves = new Map<string, number[]>()

  /** The figures up to this line, oldest first; null for a line that tells none, or the first of its kind. */
  add(line: Line): readonly number[] | null {
    if (line.source !== 'heroku' || !line.message.includes('sample#')) return null
    const [, kind, value] = SAMPLE.exec(line.message) ?? []
    if (kind === undefined) return null
    const key = `${line.drain_id} ${line.process} ${kind}`
    const curve = [...(this.#curves.get(key) ?? []), Number(value)].slice(-LENGTH)
    // Set anew, so that the dyno that has been silent longest is the first to go.
    this.#curves.delete(key)
    this.#curves.set(key, curve)
    const oldest = this.#curves.keys().next()
    if (this.#curves.size > MAX_CURVES && !oldest.done) this.#curves.delete(oldest.value)
    return curve.length < 2 ? null : curve
  }
}

/** Points of a polyline in a box of this size; flat curves run through the middle. */
export function pointsOf(curve: readonly number[], width: number, height: number): string {
  const least = Math.min(...curve)
  const spread = Math.max(...curve) - least
  const step = curve.length > 1 ? width / (curve.length - 1) : 0
  return curve
    .map((value, at) => {
      const share = spread === 0 ? 0.5 : (value - least) / spread
      return `${(at * step).toFixed(1)},${(1 + (1 - share) * (height - 2)).toFixed(1)}`
    })
    .join(' ')
}
