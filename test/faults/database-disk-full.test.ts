// The disk of the database itself is full: a table cannot grow, or the server cannot write its log and ends. Neither
// costs a line that was answered 204, and nobody has to touch the service when there is room again.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { startOwnPostgres } from '../support/own-postgres.ts'
import { expectAllStoredOnce, startSenders } from '../support/senders.ts'
import { startServiceProcess } from '../support/service-process.ts'

const DISK = '192m'
/** Left to Postgres once it runs: seconds of the load below. */
const ROOM_BYTES = 20_000_000
const FULL_TIMEOUT_MS = 40_000
const FULL_FOR_MS = 2_000

it('keeps every delivery while the disk of Postgres is full, and stores each line once when there is room', async (test) => {
  const root = mkdtempSync(join(tmpdir(), 'culvert-full-'))
  const disk = join(root, 'disk')
  const ballast = join(disk, 'ballast')
  try {
    execFileSync('mkdir', [disk])
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    rmSync(root, { recursive: true, force: true })
    return test.skip('mounting is not allowed here')
  }
  execFileSync('chmod', ['711', root])
  const postgres = await startOwnPostgres(disk)
  // Its own log would take all there is before any table does.
  await postgres.query(`alter system set max_wal_size = '32MB'`)
  await postgres.query('select pg_reload_conf()')
  const service = await startServiceProcess({
    DATABASE_URL: postgres.url,
    SPOOL: 'on',
    SPOOL_DIRECTORY: join(root, 'spool'),
  })
  try {
    const senders = await startSenders({
      origin: () => service.origin,
      config: loadConfig({}),
      senders: 12,
      linesPerDelivery: 20,
      pauseMs: 40,
      filling: ` ${'x'.repeat(800)}`,
    })
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - ROOM_BYTES)))
    await expect
      .poll(() => /"code":"53100"/.test(service.output()) || !postgres.runs(), { timeout: FULL_TIMEOUT_MS })
      .toBe(true)
    await sleep(FULL_FOR_MS)

    rmSync(ballast)
    // What its operator, or systemd, does for a server that ended.
    if (!postgres.runs()) await postgres.startAgain()
    await sleep(FULL_FOR_MS)
    const sent = await senders.stop()
    expect([...sent.answers.keys()]).toEqual([204])
    await expectAllStoredOnce(postgres, sent)
    expect(service.output()).toContain('the spool is replayed')
  } finally {
    await service.end('SIGTERM')
    await postgres.close().catch(() => {})
    execFileSync('umount', ['-l', disk])
    rmSync(root, { recursive: true, force: true })
  }
}, 120_000)
