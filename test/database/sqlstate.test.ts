import { createServer } from 'node:net'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/database/data-error.ts'
import { isDataError, isTransient } from '../../src/database/sqlstate.ts'

function withCode(code: string, more: object = {}): Error {
  return Object.assign(new Error('as the driver made it'), { code, ...more })
}

describe('isTransient', () => {
  const table: [unknown, boolean][] = [
    [withCode('40001'), true],
    [withCode('40P01'), true],
    [withCode('55P03'), true],
    [withCode('57P01'), true],
    [withCode('57P02'), true],
    [withCode('57P03'), true],
    [withCode('08006'), true],
    [withCode('08P01'), true],
    [withCode('53300'), true],
    [withCode('53200'), true],
    [withCode('25006'), true],
    [withCode('ECONNREFUSED'), true],
    [withCode('ECONNRESET'), true],
    [withCode('ETIMEDOUT'), true],
    [withCode('ENOENT', { syscall: 'connect' }), true],
    [new Error('Connection terminated unexpectedly'), true],
    [new Error('Connection terminated due to connection timeout'), true],
    [new Error('timeout exceeded when trying to connect'), true],
    [new Error('Query read timeout'), true],
    [new Error('wrapped', { cause: withCode('40001') }), true],
    [new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]), true],
    [withCode('ENOENT', { syscall: 'open' }), false],
    [withCode('23505'), false],
    [withCode('42601'), false],
    [withCode('42P01'), false],
    [withCode('28P01'), false],
    [withCode('57014'), false],
    [withCode('0800'), false],
    [new Error('anything else'), false],
    [{ code: '40001' }, false],
    ['40001', false],
    [undefined, false],
    [null, false],
  ]

  it.each(table)('says of %o: %o', (error, transient) => {
    expect(isTransient(error)).toBe(transient)
  })

  it('knows what pg says when nobody listens, and when the other end hangs up', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    expect(isTransient(await connectError(port))).toBe(true)
    await new Promise((resolve) => server.close(resolve))
    expect(isTransient(await connectError(port))).toBe(true)
  })
})

describe('isDataError', () => {
  const table: [unknown, boolean][] = [
    [withCode('22003'), true],
    [withCode('22P05'), true],
    [withCode('23505'), true],
    [withCode('23514'), true],
    [new DataError('as a store without SQLSTATE says it'), true],
    [withCode('21000'), false],
    [withCode('42804'), false],
    [withCode('54000'), false],
    [withCode('XX001'), false],
    [withCode('220033'), false],
    [new Error('no code at all'), false],
    // What wraps an error has its own reason.
    [new Error('wrapped', { cause: withCode('22003') }), false],
    [{ code: '22003' }, false],
    [undefined, false],
  ]

  it.each(table)('says of %o: %o', (error, isData) => {
    expect(isDataError(error)).toBe(isData)
  })
})

async function connectError(port: number): Promise<unknown> {
  const client = new pg.Client({ host: '127.0.0.1', port, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  return client.connect().then(
    () => expect.fail('it connected'),
    (error: unknown) => error,
  )
}
