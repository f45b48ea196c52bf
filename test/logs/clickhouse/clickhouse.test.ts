import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickHouse, isTimeout } from '../../../src/logs/clickhouse/clickhouse.ts'
import { isChdbMissing, openTestClickHouse } from '../../support/chdb.ts'

describe.skipIf(isChdbMissing())('ClickHouse', () => {
  let clickhouse: ClickHouse
  beforeAll(async () => {
    clickhouse = await openTestClickHouse()
  })
  afterAll(() => clickhouse.close())

  it('gives back what it is told, whatever is in it, and numbers as numbers', async () => {
    const text = 'a\\b\t\n[\n\'"\u001b%_ż\u00a0😀\u2400'
    const statement = 'select {text:String} as text, {micros:Int64} as micros'
    const micros = 1_795_262_400_123_456
    expect(await clickhouse.rows(statement, { text, micros })).toEqual([{ text, micros }])
    expect(await clickhouse.rows('select 1 as one where false')).toEqual([])
  })

  it('never answers with what a statement had found that failed before', async () => {
    const failing = `select throwIf(number = 5) as wrong, 'of somebody else' as text from numbers(30)`
    const asked = Array.from({ length: 30 }, async (_, at) => {
      if (at % 2 === 0) return expect(clickhouse.rows(failing)).rejects.toMatchObject({ code: '395' })
      const rows = await clickhouse.rows('select number as mine from numbers({count:Int64})', {
        count: at % 4,
      })
      return expect(rows).toEqual(Array.from({ length: at % 4 }, (_, mine) => ({ mine })))
    })
    await Promise.all(asked)
  })

  it('gives a statement up that takes too long, and says so', async () => {
    const endless = clickhouse.rows(
      'select sum(sipHash64(number)) from numbers(1000000000000)',
      {},
      { maxMs: 50 },
    )
    const error = await endless.catch((reason: unknown) => reason)
    expect(isTimeout(error)).toBe(true)
    expect(isTimeout(new Error('another'))).toBe(false)
  })
})
