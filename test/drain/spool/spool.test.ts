import { execFileSync } from 'node:child_process'
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ReceivedDelivery } from '../../../src/drain/spool/delivery-record.ts'
import type { AsideFile } from '../../../src/drain/spool/set-aside.ts'
import { type Piece, Spool, SpoolRefusal } from '../../../src/drain/spool/spool.ts'
import { delivery, frame } from '../../support/deliveries.ts'

const SEGMENT_BYTES = 10_000

let root: string
let troubles: string[]
const opened: Spool[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
  troubles = []
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const spool of opened.splice(0)) await spool.close()
  await rm(root, { recursive: true, force: true })
})

async function openSpool(
  directory = root,
  limitBytes = 1_000_000,
  rejectedLimitBytes = 1_000_000,
): Promise<Spool> {
  const spool = await Spool.open({
    directory,
    limitBytes,
    rejectedLimitBytes,
    segmentBytes: SEGMENT_BYTES,
    onTrouble: (sentence) => troubles.push(sentence),
    now: Date.now,
  })
  opened.push(spool)
  return spool
}

/** As when its process is killed: nobody answers any more, and everything stays. */
async function die(spool: Spool): Promise<string> {
  const copy = `${root}/copied`
  const dead = `${root}/dead-${opened.indexOf(spool)}`
  execFileSync('cp', ['-r', spool.directory, copy])
  await rm(join(copy, 'alive'))
  opened.splice(opened.indexOf(spool), 1)
  for (let piece = await spool.next(); piece; piece = await spool.next()) await spool.release(piece)
  await spool.close()
  await rename(copy, dead)
  return dead
}

function numbered(number: number, bytes = 100): ReceivedDelivery {
  return { ...delivery([frame(`${number} ${'x'.repeat(bytes)}`)]), drainId: number, structuredData: false }
}

/** The numbers of everything in it, in the order of replay; nothing is left. */
async function readAll(spool: Spool): Promise<number[]> {
  const numbers: number[] = []
  for (let piece = await spool.next(); piece; piece = await spool.next()) {
    numbers.push(...piece.deliveries.map((one) => one.drainId))
    await spool.release(piece)
  }
  return numbers
}

async function pieceOf(spool: Spool): Promise<Piece> {
  const piece = await spool.next()
  if (!piece) throw new Error('nothing to read')
  return piece
}

async function dueLater(spool: Spool): Promise<AsideFile | null> {
  await expect.poll(() => spool.aside.due(), { timeout: 3_000 }).not.toBeNull()
  return spool.aside.due()
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at)
const segmentsIn = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.endsWith('.segment'))

it('gives back what was appended, in order, and leaves nothing on disk', async () => {
  const spool = await openSpool()
  const original = numbered(7)
  expect(await spool.append(original)).toBe('spooled')
  const piece = await spool.next()
  expect(piece?.deliveries).toEqual([original])
  expect(spool.isDrained).toBe(false)
  if (piece) await spool.release(piece)
  expect(spool.isDrained).toBe(true)
  expect(spool.bytes).toBe(0)
  expect(await segmentsIn(spool.directory)).toEqual([])
  await Promise.all(range(50).map((number) => spool.append(numbered(number))))
  expect(await readAll(spool)).toEqual(range(50))
  await spool.close()
  opened.pop()
  expect(await readdir(root)).toEqual([])
})

it('syncs once for everything that came while the disk was busy', async () => {
  const file = await open(join(root, 'any'), 'w')
  const datasync = vi.spyOn(Object.getPrototypeOf(file), 'datasync')
  await file.close()
  const spool = await openSpool()
  await Promise.all(range(40).map((number) => spool.append(numbered(number))))
  // The first alone, the others together.
  expect(datasync.mock.calls.length).toBeLessThanOrEqual(2)
})

it('begins a new segment when one is full, and deletes each as soon as it is replayed', async () => {
  const spool = await openSpool()
  for (const number of range(10)) await spool.append(numbered(number, 4_000))
  const before = await segmentsIn(spool.directory)
  expect(before.length).toBeGreaterThan(2)
  const first = await spool.next()
  expect(first?.deliveries.length).toBeLessThan(10)
  expect(await segmentsIn(spool.directory)).toEqual(before)
  if (first) await spool.release(first)
  expect(await segmentsIn(spool.directory)).toEqual(before.slice(1))
  await spool.append(numbered(10))
  expect(await readAll(spool)).toEqual(range(11).slice(first?.deliveries.length))
})

it('takes nothing above its bound, and again when there is room', async () => {
  const spool = await openSpool(root, 20_000)
  const answers = await Promise.allSettled(range(30).map((number) => spool.append(numbered(number, 1_000))))
  const taken = answers.filter((answer) => answer.status === 'fulfilled').length
  expect(taken).toBeGreaterThan(10)
  expect(spool.bytes).toBeLessThanOrEqual(20_000)
  await expect(spool.append(numbered(99, 1_000))).rejects.toThrow(SpoolRefusal)
  expect(await readAll(spool)).toEqual(range(taken))
  expect(await spool.append(numbered(99, 1_000))).toBe('spooled')
})

it('takes a delivery once, whether its first append is under way or done, and a key again when it has expired', async () => {
  const spool = await openSpool()
  const first = numbered(1)
  first.frameKey.rememberSeconds = 120
  expect(await Promise.all([spool.append(first), spool.append({ ...first })])).toEqual([
    'spooled',
    'duplicate',
  ])
  expect(await spool.append({ ...first })).toBe('duplicate')
  const later = { ...first, receivedAtMicros: first.receivedAtMicros + 121_000_000 }
  expect(await spool.append(later)).toBe('spooled')
  expect(await readAll(spool)).toEqual([1, 1])
})

it('leaves the living alone, and of two openers one takes over what the dead have left', async () => {
  const dying = await openSpool()
  for (const number of range(8)) await dying.append(numbered(number, 4_000))
  await die(dying)
  const living = await openSpool()
  expect(living.isDrained).toBe(false)
  const [one, two] = await Promise.all([openSpool(), openSpool()])
  expect([one.isDrained, two.isDrained]).toEqual([true, true])
  expect(await readAll(living)).toEqual(range(8))

  const next = await openSpool()
  for (const number of range(8)) await next.append(numbered(number, 4_000))
  await die(next)
  const both = await Promise.all([openSpool(), openSpool()])
  const found = await Promise.all(both.map(readAll))
  expect(found.sort((a, b) => a.length - b.length)).toEqual([[], range(8)])
})

it('takes over also while it runs, before what came later', async () => {
  const spool = await openSpool()
  const dying = await openSpool()
  await dying.append(numbered(1))
  await spool.append(numbered(2))
  await die(dying)
  expect(await spool.adopt()).toBe(1)
  expect(await readAll(spool)).toEqual([1, 2])
})

it('takes over from a process that died while it was taking over', async () => {
  const [first, second] = [await openSpool(), await openSpool()]
  await first.append(numbered(1))
  await second.append(numbered(2))
  await rename(await die(first), join(root, 'taken'))
  await rename(join(root, 'taken'), join(await die(second), 'taken'))
  const spool = await openSpool()
  expect(await readAll(spool)).toEqual([1, 2])
  expect(await readdir(root)).toEqual([basename(spool.directory)])
})

it('takes over from a release whose directories had no mark', async () => {
  const dying = await openSpool()
  await dying.append(numbered(1))
  const dead = await die(dying)
  await rm(join(dead, 'spool'))
  await rename(dead, join(root, '0123456789abcdef'))
  expect(await readAll(await openSpool())).toEqual([1])
})

it('touches nothing that it has not made', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'culvert-elsewhere-'))
  await writeFile(join(elsewhere, 'kept'), 'kept')
  const foreign = ['lost+found', 'backup', '.new-backup', 'fedcba9876543210']
  for (const name of foreign) {
    await mkdir(join(root, name, 'within'), { recursive: true })
    await writeFile(join(root, name, 'note.segment'), 'kept')
    await writeFile(join(root, name, 'within', 'note'), 'kept')
    await utimes(join(root, name), 1, 1)
  }
  await writeFile(join(root, 'a-file'), 'kept')
  await symlink(elsewhere, join(root, 'a-link'))
  const dying = await openSpool()
  await dying.append(numbered(1))
  const dead = await die(dying)
  // Nor what was put into a directory of its own.
  await writeFile(join(dead, 'note'), 'kept')
  await symlink(elsewhere, join(dead, 'a-link'))
  await mkdir(join(dead, 'backup'))

  const spool = await openSpool()
  expect(await readAll(spool)).toEqual([1])
  expect(await segmentsIn(spool.directory)).toEqual([])
  for (const name of foreign) {
    expect(await readFile(join(root, name, 'note.segment'), 'utf8')).toBe('kept')
    expect(await readFile(join(root, name, 'within', 'note'), 'utf8')).toBe('kept')
  }
  expect(await readFile(join(root, 'a-file'), 'utf8')).toBe('kept')
  expect(await readFile(join(root, 'a-link', 'kept'), 'utf8')).toBe('kept')
  expect((await readdir(dead)).sort()).toEqual(['a-link', 'backup', 'note'])
  await rm(elsewhere, { recursive: true })
})

it('cuts off what a crash has torn, gives back the rest, and says so', async () => {
  const dying = await openSpool()
  for (const number of range(3)) await dying.append(numbered(number))
  const dead = await die(dying)
  const [segment] = (await segmentsIn(dead)) as [string]
  const bytes = await readFile(join(dead, segment))
  await appendFile(join(dead, segment), bytes.subarray(0, 150))
  await writeFile(join(dead, `${'0'.repeat(16)}-${'0'.repeat(16)}.segment`), '')
  const spool = await openSpool()
  const piece = await spool.next()
  expect(piece?.deliveries.map((one) => one.drainId)).toEqual(range(3))
  expect(piece?.damages).toBe(1)
  expect(troubles).toEqual(['a part of the spool could not be read'])
  if (piece) await spool.release(piece)
  expect(await segmentsIn(spool.directory)).toEqual([])
})

it('sets aside what the store refuses, apart from its own bound, and the next process tries it again', async () => {
  const spool = await openSpool()
  for (const number of range(3)) await spool.append(numbered(number))
  const piece = await pieceOf(spool)
  expect(await spool.refuse(piece, piece.deliveries[1] as ReceivedDelivery)).toBe(true)
  await spool.release(piece)
  expect(spool.isDrained).toBe(true)
  expect(spool.bytes).toBe(0)
  expect(spool.aside.refused()).toMatchObject({ files: 1, bytes: 4_096 })
  // Not at once.
  expect(spool.aside.due()).toBeNull()
  await spool.close()
  opened.pop()
  const [rejected] = (await readdir(spool.directory)) as [string]
  expect(rejected).toMatch(/\.rejected$/)

  const next = await openSpool()
  expect(next.isDrained).toBe(true)
  expect(next.aside.refused()).toEqual(spool.aside.refused())
  const file = next.aside.due() as AsideFile
  expect((await next.aside.read(file))?.deliveries).toEqual([piece.deliveries[1]])
  await next.aside.remove(file)
  expect(next.aside.refused()).toEqual({ files: 0, bytes: 0, oldestAt: null })
  expect((await readdir(next.directory)).sort()).toEqual(['alive', 'spool'])
})

it('tries what was refused ever more rarely, and at once when another one was stored', async () => {
  let now = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const spool = await openSpool()
  await spool.aside.refuse(numbered(1))
  await spool.aside.refuse(numbered(2))
  const pauses: number[] = []
  for (let tries = 0; tries < 15; tries++) {
    const before = now
    for (let number = 0; number < 2; number++) {
      while (spool.aside.due() === null) now += 100
      spool.aside.delay(spool.aside.due() as AsideFile, 'refused')
    }
    pauses.push(now - before)
  }
  expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
  expect(pauses.at(-1)).toBe(3_600_000)
  expect(spool.aside.due()).toBeNull()
  spool.aside.hasten()
  expect(spool.aside.due()).not.toBeNull()
})

it('sets no more aside than its bound, and of one resource no more than a quarter of it', async () => {
  const spool = await openSpool(root, 1_000_000, 16 * 4_096)
  const refuse = async (resourceNumber: number) => spool.aside.refuse({ ...numbered(1), resourceNumber })
  const taken = async (resourceNumber: number) =>
    (await Promise.all(range(6).map(() => refuse(resourceNumber)))).filter(Boolean).length
  expect(await taken(1)).toBe(4)
  for (const resourceNumber of [2, 3, 4]) expect(await taken(resourceNumber)).toBe(4)
  expect(await taken(5)).toBe(0)
  expect(spool.aside.refused()).toMatchObject({ files: 16, bytes: 16 * 4_096 })
  // It takes nothing from the spool.
  expect(await spool.append(numbered(7))).toBe('spooled')
  await spool.aside.remove(spool.aside.due() ?? ((await dueLater(spool)) as AsideFile))
  expect(await refuse(5)).toBe(true)
})

it('postpones what fails as a part of the spool, and the next process replays it', async () => {
  const spool = await openSpool()
  await spool.append(numbered(1))
  const piece = await pieceOf(spool)
  expect(await spool.postpone(piece.deliveries[0] as ReceivedDelivery)).toBe(true)
  await spool.release(piece)
  expect(spool.isDrained).toBe(true)
  expect(spool.bytes).toBeGreaterThan(0)
  expect(spool.aside.refused()).toMatchObject({ files: 0 })
  await die(spool)
  expect(await readAll(await openSpool())).toEqual([1])
})

it('sets a whole segment aside where the disk takes no file for one of it', async () => {
  const spool = await openSpool()
  for (const number of range(3)) await spool.append(numbered(number))
  const piece = await pieceOf(spool)
  vi.spyOn(spool.aside, 'refuse').mockRejectedValueOnce(new Error('the disk is full'))
  expect(await spool.refuse(piece, piece.deliveries[1] as ReceivedDelivery)).toBe(true)
  await spool.release(piece)
  expect(spool.isDrained).toBe(true)
  const file = spool.aside.due() as AsideFile
  expect((await spool.aside.read(file))?.deliveries).toEqual(piece.deliveries)
  await spool.aside.replace(file, [piece.deliveries[1] as ReceivedDelivery])
  expect(spool.aside.refused()).toMatchObject({ files: 1, bytes: 4_096 })
})

it('keeps its promises on a full disk, refuses what does not fit, and goes on when there is room', async (test) => {
  if (process.getuid?.() !== 0) return test.skip('only root may mount a small disk')
  const disk = join(root, 'disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    return test.skip('mounting is not allowed here')
  }
  try {
    const spool = await openSpool(disk, 10_000_000)
    const answers = await Promise.allSettled(
      range(200).map((number) => spool.append(numbered(number, 3_000))),
    )
    const kept = range(200).filter((number) => answers[number]?.status === 'fulfilled')
    expect(kept.length).toBeGreaterThan(20)
    expect(kept.length).toBeLessThan(100)
    expect(troubles[0]).toBe('the spool cannot write')
    // It does not ask the disk for each of them.
    await expect(spool.append(numbered(200))).rejects.toThrow(SpoolRefusal)
    expect(await readAll(spool)).toEqual(kept)
    await expect
      .poll(() => spool.append(numbered(201)).catch(() => 'refused'), { timeout: 3_000 })
      .toBe('spooled')
    expect(await readAll(spool)).toEqual([201])
    await spool.close()
    opened.pop()
  } finally {
    execFileSync('umount', [disk])
  }
})

it('works below a path that is longer than the address of a socket may be', async (test) => {
  if (process.platform !== 'linux') return test.skip('only Linux has another way to such a path')
  const deep = join(root, 'x'.repeat(150))
  const first = await openSpool(deep)
  await first.append(numbered(1))
  const second = await openSpool(deep)
  expect(second.isDrained).toBe(true)
  expect(await readAll(first)).toEqual([1])
})
