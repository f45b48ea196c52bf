// A seeded source of randomness: the same seed gives the same log lines, tokens and pauses on every machine.
// Pure.

export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number
  pick<T>(choices: readonly T[]): T
  /** True with the probability `p`. */
  chance(p: number): boolean
  /** Waiting times of independent events that come once per `mean` on average. */
  exponential(mean: number): number
  hex(digits: number): string
  /** A version 4 uuid. */
  uuid(): string
  /** An independent stream, so that one part drawing more does not change what another part draws. */
  fork(name: string): Random
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state suffice for lifelike traffic, not for secrets. */
export function createRandom(seed: number | string): Random {
  const origin = typeof seed === 'number' ? seed >>> 0 : hash(seed)
  let state = origin

  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  const hex = (digits: number) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join('')

  return {
    next,
    int,
    hex,
    pick<T>(choices: readonly T[]): T {
      if (choices.length === 0) throw new Error('BUG: pick from nothing')
      return choices[int(0, choices.length - 1)] as T
    },
    chance: (p) => next() < p,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${(8 + int(0, 3)).toString(16)}${hex(3)}-${hex(12)}`,
    fork: (name) => createRandom(`${origin}/${name}`),
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
