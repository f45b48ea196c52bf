// The rules that need special options of the minimal add-on to be broken.

export interface Defect {
  rule: string
  /** Rules that only an asynchronous add-on can break. */
  isAsync?: boolean
  /** Rules that only an https add-on can break. */
  isTls?: boolean
  /** Rules about time, which need the real aims. */
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
