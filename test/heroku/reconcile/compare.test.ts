import { describe, expect, it } from 'vitest'
import { compare, countFindings, type OwnResource } from '../../../src/heroku/reconcile/compare.ts'
import type { Install } from '../../../src/heroku/reconcile/installs.ts'

const NOW = Date.UTC(2026, 10, 21, 3)
const HOUR_MS = 3_600_000
const HERE = 'https://logs.example.com'

const own = (id: string, fields: Partial<OwnResource> = {}): OwnResource => ({
  id,
  isLive: true,
  plan: 'test',
  createdAt: NOW - 48 * HOUR_MS,
  drains: [{ app: 'tidy-river', url: `${HERE}/drains/${id}`, listedAt: NOW - HOUR_MS }],
  ...fields,
})
const install = (resourceId: string, plan: string | null = 'test'): Install => ({ resourceId, plan })
const kinds = (installs: Install[], resources: OwnResource[]) =>
  compare(installs, resources, HERE, NOW).map(({ kind, resource }) => `${kind} ${resource}`)

describe('comparing Heroku’s list of installs with what is here', () => {
  it('finds nothing where both have the same', () => {
    expect(kinds([install('a'), install('b', null)], [own('a'), own('b')])).toEqual([])
    expect(kinds([], [])).toEqual([])
  })

  it('finds what only one of them has', () => {
    expect(kinds([install('new')], [own('old')])).toEqual(['lost new', 'gone old'])
  })

  it('gives what was provisioned a moment ago time to be listed', () => {
    const young = own('a', { createdAt: NOW - HOUR_MS / 2, drains: [] })
    expect(kinds([], [young])).toEqual([])
    expect(kinds([install('a')], [young])).toEqual([])
  })

  it('knows what has ended here, and what has ended on both sides', () => {
    const ended = own('a', { isLive: false, drains: [] })
    expect(kinds([install('a')], [ended])).toEqual(['ended a'])
    expect(kinds([], [ended])).toEqual([])
  })

  it('finds plan changes that were lost', () => {
    expect(kinds([install('a', 'premium')], [own('a')])).toEqual(['other_plan a'])
  })

  it('finds drains that point elsewhere, and resources of which that is not known', () => {
    const elsewhere = { app: 'calm-lake', url: 'https://old.example.com/drains/a', listedAt: NOW }
    const moved = own('a', { drains: [...own('a').drains, elsewhere] })
    expect(compare([install('a')], [moved], HERE, NOW)).toEqual([
      {
        kind: 'drain_elsewhere',
        resource: 'a',
        says: 'the drain of calm-lake points to https://old.example.com/drains/a',
      },
    ])
    const [drain] = own('b').drains
    const stale = own('b', { drains: drain ? [{ ...drain, listedAt: NOW - 25 * HOUR_MS }] : [] })
    expect(kinds([install('b')], [stale])).toEqual(['not_listed b'])
  })

  it('counts every kind, also those of which there is none', () => {
    const findings = compare([install('new')], [own('old'), own('older')], HERE, NOW)
    expect(Object.fromEntries(countFindings(findings))).toEqual({
      gone: 2,
      lost: 1,
      ended: 0,
      other_plan: 0,
      drain_elsewhere: 0,
      not_listed: 0,
    })
  })
})
