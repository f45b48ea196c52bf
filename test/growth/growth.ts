// How the time of a function grows with the length of its input: 1 is linear, 2 quadratic. Only times of one run are
// compared with each other, so a slow or busy machine changes nothing but how long the measurement takes.

/** A hostile text of about `length` characters. */
export type Family = (length: number) => string

/** Each is four times the one before. */
const STEP = 4
/**
 * Times below it count as it: copying a text, or what V8 pays once. The quickest search of a text in itself takes a
 * hundred times as long for 65,536 characters.
 */
const FLOOR_MS_PER_CHARACTER = 20e-6
/** The least of all rounds is what the function takes; what else the machine does only adds to it. */
const MOST_ROUNDS = 12
/** In the first rounds V8 compiles the function. */
const LEAST_ROUNDS = 2
/** Nothing that is linear takes so long: it is not waited for. */
const TOO_LONG_MS = 5_000

/**
 * The largest exponent from one length to the next; as soon as it is below `enough`, it is not measured again.
 *
 * @param longest the lengths are a sixteenth of it, a quarter, and all of it
 */
export function growthOf(
  run: (text: string) => unknown,
  family: Family,
  longest: number,
  enough: number,
): number {
  const inputs = [longest / STEP ** 2, longest / STEP, longest].map((length) => family(Math.floor(length)))
  const least = inputs.map(() => Number.POSITIVE_INFINITY)
  let growth = Number.POSITIVE_INFINITY
  for (let round = 0; round < MOST_ROUNDS && (round < LEAST_ROUNDS || growth > enough); round++) {
    for (const [at, input] of inputs.entries()) {
      const time = timeOf(run, input)
      if (time > TOO_LONG_MS) return Number.POSITIVE_INFINITY
      least[at] = Math.min(least[at] as number, time)
    }
    growth = Math.max(
      0,
      ...least.slice(1).map((time, at) => Math.log(time / (least[at] as number)) / Math.log(STEP)),
    )
  }
  return growth
}

function timeOf(run: (text: string) => unknown, input: string): number {
  const began = performance.now()
  run(input)
  return Math.max(performance.now() - began, input.length * FLOOR_MS_PER_CHARACTER)
}
