import { beforeEach, expect, it } from 'vitest'
import { Admission } from '../../src/drain/admission.ts'
import type { KnownDrain } from '../../src/resources/drain-store.ts'

const DRAIN: KnownDrain = {
  drainId: 7,
  resourceNumber: 3,
  resourceId: '00000000-0000-4000-8000-000000000003',
  plan: 'test',
  state: 'provisioned',
}

let now = 0
let lookUps = 0
let lookUpsAhead = 0
let answer: () => Promise<KnownDrain | null>
let admission: Admission

beforeEach(() => {
  now = 1_000_000
  lookUps = 0
  lookUpsAhead = 0
  answer = async () => DRAIN
  admission = new Admission({
    findDrain() {
      lookUps++
      return answer()
    },
    findDrainAhead() {
      lookUpsAhead++
      return answer()
    },
    limitsOf: () => ({ retentionDays: 7, dailyBytes: 5 }),
    now: () => now,
  })
})

it('looks a token up once for many deliveries at once, and again after a while', async () => {
  await Promise.all(Array.from({ length: 10 }, () => admission.admit(['d.1'])))
  expect(await admission.admit(['d.1'])).toEqual({
    drainId: 7,
    resourceNumber: 3,
    retentionDays: 7,
    dailyBytes: 5,
  })
  expect(lookUps).toBe(1)
  now += 60_000
  await admission.admit(['d.1'])
  expect(lookUps).toBe(2)
})

it('looks a drain that goes on delivering up ahead of time, once, so that no delivery waits for it', async () => {
  for (let second = 0; second < 20; second++) {
    await Promise.all([admission.admit(['d.1']), admission.admit(['d.1'])])
    now += 1_000
  }
  expect(lookUps).toBe(1)
  // Known for five seconds, looked up again in the last two of them.
  expect(lookUpsAhead).toBe(6)
})

it('learns of a deprovision from a look-up ahead', async () => {
  await admission.admit(['d.1'])
  answer = async () => ({ ...DRAIN, state: 'deprovisioned' })
  now += 3_000
  await admission.admit(['d.1'])
  await expect(admission.admit(['d.1'])).rejects.toMatchObject({ code: 'drain_gone' })
  expect(lookUps).toBe(1)
})

it('does not look up ahead what is not let in: that would be more than once a second', async () => {
  for (const drain of [null, { ...DRAIN, state: 'deprovisioned' as const }]) {
    answer = async () => drain
    const token = `d.${drain?.state}`
    for (let n = 0; n < 20; n++) {
      await expect(admission.admit([token])).rejects.toThrow()
      now += 100
    }
  }
  expect([lookUps, lookUpsAhead]).toEqual([4, 0])
})

it('looks a drain up as if for the first time where the look-up ahead failed', async () => {
  await admission.admit(['d.1'])
  answer = () => Promise.reject(new Error('the database is away'))
  now += 4_000
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  answer = async () => ({ ...DRAIN, state: 'deprovisioned' })
  now += 500
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  now += 500
  await expect(admission.admit(['d.1'])).rejects.toMatchObject({ code: 'drain_gone' })
  expect([lookUps, lookUpsAhead]).toEqual([2, 1])
})

it('stops letting a drain in soon after it was deprovisioned', async () => {
  await admission.admit(['d.1'])
  answer = async () => ({ ...DRAIN, state: 'deprovisioned' })
  now += 10_000
  await expect(admission.admit(['d.1'])).rejects.toMatchObject({ code: 'drain_gone' })
})

it('remembers that a token is unknown, but not for long: it may be provisioned this second', async () => {
  answer = async () => null
  for (let n = 0; n < 5; n++) {
    await expect(admission.admit(['d.1'])).rejects.toMatchObject({ code: 'drain_token_unknown' })
  }
  expect(lookUps).toBe(1)
  answer = async () => DRAIN
  now += 1_001
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
})

it('goes on letting a known drain in while the database is away, and says of a new one that it cannot tell', async () => {
  await admission.admit(['d.1'])
  answer = () => Promise.reject(new Error('the database is away'))
  now += 60_000
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  await expect(admission.admit(['d.2'])).rejects.toThrow('the database is away')
})

it('waits a moment for a database that says nothing, once for each look-up, and learns from its answer', async () => {
  await admission.admit(['d.1'])
  let say: (drain: KnownDrain) => void = () => {}
  answer = () =>
    new Promise((resolve) => {
      say = resolve
    })
  now += 60_000
  const started = performance.now()
  for (let n = 0; n < 20; n++) expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(lookUps).toBe(2)
  say({ ...DRAIN, state: 'deprovisioned' })
  await expect.poll(() => admission.admit(['d.1']).catch((error) => error.code)).toBe('drain_gone')
})

it('says of an unknown drain that it cannot tell, before Logplex gives up on an answer', async () => {
  answer = () => new Promise(() => {})
  await expect(admission.admit(['d.1'])).rejects.toMatchObject({ code: 'store_unavailable' })
})

it('tries each token that a delivery may mean', async () => {
  const known = async () => DRAIN
  answer = async () => {
    answer = known
    return null
  }
  expect(await admission.admit(['token', 'd.1'])).toMatchObject({ drainId: 7 })
  await expect(admission.admit([])).rejects.toMatchObject({ code: 'drain_token_missing' })
})

const knock = (n: number) => admission.admit([`d.${n}`]).catch(() => {})

it('forgets the oldest tokens rather than growing without end', async () => {
  answer = async () => null
  for (let n = 0; n < 10_001; n++) await knock(n)
  lookUps = 0
  await knock(10_000)
  expect(lookUps).toBe(0)
  await knock(0)
  expect(lookUps).toBe(1)
})

it('remembers known drains however many tokens are made up', async () => {
  await admission.admit(['d.known'])
  answer = async () => null
  for (let n = 0; n < 30_000; n++) await knock(n)
  lookUps = 0
  answer = () => Promise.reject(new Error('the database is away'))
  expect(await admission.admit(['d.known'])).toMatchObject({ drainId: 7 })
  expect(lookUps).toBe(0)
  now += 60_000
  expect(await admission.admit(['d.known'])).toMatchObject({ drainId: 7 })
})

it('looks nothing up that cannot be a token', async () => {
  for (const token of ['x'.repeat(101), 'd.1 ', 'd.\u00e4', 'd.\0']) {
    await expect(admission.admit([token])).rejects.toMatchObject({ code: 'drain_token_unknown' })
  }
  expect(lookUps).toBe(0)
  expect(await admission.admit(['x'.repeat(15_000), 'd.1'])).toMatchObject({ drainId: 7 })
  expect(lookUps).toBe(1)
})

it('has a bound on look-ups that wait for the database', async () => {
  answer = () => new Promise(() => {})
  const waiting = Array.from({ length: 10_000 }, (_, n) => admission.admit([`d.${n}`]).catch(() => {}))
  await expect(admission.admit(['d.one more'.replaceAll(' ', '-')])).rejects.toMatchObject({
    code: 'store_unavailable',
  })
  expect(lookUps).toBe(10_000)
  await Promise.all(waiting)
})

it('believes no look-up that began before the token was learned of', async () => {
  let say: (drain: KnownDrain | null) => void = () => {}
  answer = () =>
    new Promise((resolve) => {
      say = resolve
    })
  const before = admission.admit(['d.1'])
  admission.forget('d.1')
  answer = async () => DRAIN
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  say(null)
  await expect(before).rejects.toMatchObject({ code: 'drain_token_unknown' })
  expect(await admission.admit(['d.1'])).toMatchObject({ drainId: 7 })
  expect(lookUps).toBe(2)
})
