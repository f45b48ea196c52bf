import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Allowance } from '../../../src/logs/exclusion/allowance.ts'

it('gives so much of each second, and carries over what one second left', () => {
  let now = 0
  const allowance = new Allowance(100, () => now)
  expect(allowance.spend(60)).toBe(true)
  expect(allowance.spend(60)).toBe(false)
  now += 500
  expect(allowance.spend(0)).toBe(true)
  now += 60_000
  expect(allowance.spend(199)).toBe(true)
  expect(allowance.spend(1)).toBe(false)
})

it('never gives more over a long time than what there is of it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ after: fc.nat(300), wants: fc.nat(50) }), { maxLength: 200 }),
      (turns) => {
        let now = 0
        const allowance = new Allowance(100, () => now)
        let spent = 0
        for (const { after, wants } of turns) {
          now += after
          // As rules do: they ask whether there is any left, and then take what they take.
          if (!allowance.spend(0)) continue
          allowance.spend(wants)
          spent += wants
        }
        expect(spent).toBeLessThanOrEqual(200 + now / 10 + 50)
      },
    ),
  )
})
