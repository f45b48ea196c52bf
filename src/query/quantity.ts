// Numbers as log lines write them, with the units of Heroku, Postgres, Go and people. Pure.

export type Unit = 'none' | 'time' | 'bytes' | 'other'

export interface Quantity {
  /** As written, without its unit. */
  number: number
  unit: Unit
  /** In milliseconds or bytes where the unit is one of those; as written otherwise. */
  scaled: number
}

const MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
/** By 1,024, as Heroku and Postgres count. */
const BYTES: Record<string, number> = {
  b: 1,
  bytes: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kib: 2 ** 10,
  mb: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gib: 2 ** 30,
  tb: 2 ** 40,
  tib: 2 ** 40,
}

const NUMBER = /^([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?) ?([A-Za-zµμ%]*)(?:\(.*)?$/su
/** Go's durations: 1m30.5s */
const COMPOUND = /^(-?)((?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d)){2,})$/
const COMPOUND_PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h|d)/gy
/** Longer texts are no numbers, whatever they look like. */
const MAX_CHARACTERS = 100

/** `12`, `-0.5`, `1e3`, `12ms`, `871.00MB`, `871M(170.3%)`, `1m30s`, `149293pages`; undefined for what is no number. */
export function readQuantity(text: string): Quantity | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  const compound = COMPOUND.exec(text)
  if (compound) {
    let ms = 0
    for (const [, number, unit] of (compound[2] as string).matchAll(COMPOUND_PART)) {
      ms += Number(number) * (MS[unit as string] as number)
    }
    const signed = compound[1] === '-' ? -ms : ms
    return { number: signed, unit: 'time', scaled: signed }
  }
  const match = NUMBER.exec(text)
  if (!match) return undefined
  const number = Number(match[1])
  const suffix = match[2] as string
  if (suffix === '') return { number, unit: 'none', scaled: number }
  const ms = Object.hasOwn(MS, suffix) ? MS[suffix] : undefined
  if (ms !== undefined) return { number, unit: 'time', scaled: number * ms }
  // 5M is megabytes and 5m minutes; kB, KB and kb are one.
  const small = suffix === 'M' ? 'mb' : suffix.toLowerCase()
  const bytes = Object.hasOwn(BYTES, small) ? BYTES[small] : undefined
  if (bytes !== undefined) return { number, unit: 'bytes', scaled: number * bytes }
  return { number, unit: 'other', scaled: number }
}

/**
 * How `value`, of a line, compares with `bound`, of a query; undefined where it does not.
 *
 * A bound without a unit is compared with the number as it is written, in whatever unit. With a bound that has one,
 * a value without counts as milliseconds or bytes, which is how programs that leave the unit out mean it.
 */
export function compareQuantities(value: Quantity, bound: Quantity): number | undefined {
  if (bound.unit === 'none' || bound.unit === 'other') return value.number - bound.number
  if (value.unit === bound.unit || value.unit === 'none') return value.scaled - bound.scaled
  return undefined
}
