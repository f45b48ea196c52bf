import { describe, expect, it } from 'vitest'
import { HALVE_EVERY, storeGroup } from '../../src/drain/store-group.ts'

const withCode = (code: string) => Object.assign(new Error('as the driver made it'), { code })
const DATA = withCode('22003')
const UNCLEAR = withCode('54000')
const PASSING = withCode('08006')

/** A store that fails for every group that one of these is in. */
function storeThatFails(errors: ReadonlyMap<number, Error>, isAway = () => false) {
  const seen = { stored: [] as number[], refused: [] as number[], groups: [] as number[] }
  const parts = {
    async append(items: readonly number[]) {
      seen.groups.push(items.length)
      if (isAway()) throw PASSING
      const failing = items.find((item) => errors.has(item))
      if (failing !== undefined) throw errors.get(failing)
      return items.map((item) => item * 10)
    },
    stored(item: number, as: number) {
      expect(as).toBe(item * 10)
      seen.stored.push(item)
    },
    refused(item: number) {
      seen.refused.push(item)
    },
    onFailure() {},
  }
  return { seen, parts }
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at)
const without = (all: readonly number[], ...some: number[]) => all.filter((one) => !some.includes(one))

describe('a group of deliveries', () => {
  it('is stored in one commit', async () => {
    const { seen, parts } = storeThatFails(new Map())
    expect(await storeGroup(range(100), parts, 1)).toEqual({ failed: [], hasStored: true })
    expect(seen).toMatchObject({ stored: range(100), groups: [100] })
  })

  it('is stored but for those whose data is refused, at the first try', async () => {
    const errors = new Map([3, 40, 41, 99].map((item) => [item, DATA]))
    const { seen, parts } = storeThatFails(errors)
    expect(await storeGroup(range(100), parts, 1)).toEqual({ failed: [], hasStored: true })
    expect(seen.refused).toEqual([3, 40, 41, 99])
    expect(seen.stored).toEqual(without(range(100), 3, 40, 41, 99))
  })

  it('fails as a whole with any other error, and is halved at every third try only', async () => {
    for (let tries = 1; tries <= 6; tries++) {
      const { seen, parts } = storeThatFails(new Map([[17, UNCLEAR]]))
      const { failed, hasStored } = await storeGroup(range(64), parts, tries)
      if (tries % HALVE_EVERY !== 0) {
        expect({ failed: failed.length, groups: seen.groups, hasStored }).toEqual({
          failed: 64,
          groups: [64],
          hasStored: false,
        })
        continue
      }
      expect(failed).toEqual([{ item: 17, error: UNCLEAR, isAlone: true }])
      expect(seen.stored).toEqual(without(range(64), 17))
    }
  })

  it('is not halved for an error that passes by itself', async () => {
    const { seen, parts } = storeThatFails(new Map([[1, PASSING]]))
    const { failed } = await storeGroup(range(8), parts, HALVE_EVERY)
    expect(failed.map(({ isAlone }) => isAlone)).toEqual(range(8).map(() => false))
    expect(seen.groups).toEqual([8])
  })

  it('costs a store that takes nothing few tries, however large the group', async () => {
    const { seen, parts } = storeThatFails(new Map(range(4_096).map((item) => [item, UNCLEAR])))
    const { failed, hasStored } = await storeGroup(range(4_096), parts, HALVE_EVERY)
    expect(failed.map(({ item }) => item)).toEqual(range(4_096))
    expect(hasStored).toBe(false)
    expect(seen.groups.length).toBeLessThan(30)
  })

  it('refuses nothing for what happens while it is halved', async () => {
    let tries = 0
    const { seen, parts } = storeThatFails(new Map([[0, DATA]]), () => ++tries > 3)
    const { failed } = await storeGroup(range(64), parts, 1)
    expect(seen.refused).toEqual([])
    expect([...seen.stored, ...failed.map(({ item }) => item)].sort((a, b) => a - b)).toEqual(range(64))
  })
})
