// Each rule with how the minimal add-on must be built for it to be broken, where that is not in the ordinary way.

export interface Defect {
  rule: string
  /** Only an add-on that answers 202 can have it. */
  isAsync?: boolean
  /** Only one that speaks https. */
  isTls?: boolean
  /** Only against the real aims: it takes too long. */
  isSlow?: boolean
}

const SLOW = ['P30', 'C16', 'D11', 'L06', 'W12']

const numbered = (letter: string, count: number): Defect[] =>
  Array.from({ length: count }, (_, n) => {
    const rule = `${letter}${String(n + 1).padStart(2, '0')}`
    return { rule, isSlow: SLOW.includes(rule) }
  })

export const DEFECTS: readonly Defect[] = [
  ...numbered('P', 30),
  ...numbered('A', 16).map((defect) => ({ ...defect, isAsync: true })),
  ...numbered('C', 16),
  ...numbered('D', 11),
  ...numbered('S', 23).map((defect) => ({ ...defect, isTls: defect.rule === 'S17' })),
  ...numbered('L', 18).map((defect) => ({ ...defect, isAsync: defect.rule === 'L07' })),
  ...numbered('W', 12),
]
