// Where a process keeps its segments: a directory of its own below the spool's, which nobody else writes to, and
// which the next process takes over when its owner has died.
//
//   <root>/<random name>/spool        marks it: a directory without this file is not ours and is not touched
//   <root>/<random name>/alive        a socket that the owner listens on
//   <root>/<random name>/*.segment    what it has promised to store
//   <root>/<random name>/*.rejected   what the store refused, set aside and tried again
//
// Alive is who answers on the socket. The kernel closes it with the process, however that ends, and answers for a
// stopped one; it holds across containers that share the directory, where a pid in a lock file would be taken for
// another's and a living owner's segments deleted under it. A directory is adopted by renaming it into one's own:
// of two who try, one finds it gone. Names are random and never used again, so what was found dead stays dead.
//
// Needs a file system that is local to the machine: over a network file system nobody would answer.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Dirent } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { basename, join } from 'node:path'
import { type Segment, segmentOf, syncDirectory } from './segment.ts'

const SOCKET = 'alive'
const MARKER = 'spool'
const MARKER_TEXT =
  'Deliveries that Culvert has acknowledged and not yet stored. The next process takes them over.\n'
/** Being made: neither a home yet nor anything to adopt. */
const DRAFT = '.new-'
const NAME = /^[0-9a-f]{16}$/
const DRAFT_FORGOTTEN_MS = 60_000
/** For customers' logs: nobody else reads them. */
const DIRECTORY_MODE = 0o700
const ANSWER_TIMEOUT_MS = 1_000
/** sun_path is 104 bytes on macOS, 108 on Linux, NUL included; libuv cuts longer ones off without a word. */
const SOCKET_PATH_LIMIT_BYTES = 100

export interface Home {
  directory: string
  /** Moves what dead owners left into the directory. Returns their segments, oldest first, rejected ones among them. */
  adopt(): Promise<Segment[]>
  /** Lets others adopt what is left. Nothing left: removes the directory. */
  leave(): Promise<void>
}

export async function openHome(root: string): Promise<Home> {
  await mkdir(root, { recursive: true })
  const name = randomBytes(8).toString('hex')
  const draft = join(root, `${DRAFT}${name}`)
  const directory = join(root, name)
  await mkdir(draft, { mode: DIRECTORY_MODE })
  await writeFile(join(draft, MARKER), MARKER_TEXT)
  const server = await listenOn(draft)
  // Only now can it be seen: whoever sees it finds it alive.
  await rename(draft, directory)
  await syncDirectory(root)
  return {
    directory,
    adopt: () => adopt(root, directory),
    async leave() {
      await rm(join(directory, SOCKET), { force: true })
      server.close()
      await once(server, 'close')
      await removeHome(directory, root)
    },
  }
}

async function adopt(root: string, directory: string): Promise<Segment[]> {
  const adopted: Segment[] = []
  for (const { name } of (await readdir(root, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  )) {
    const other = join(root, name)
    if (name.startsWith(DRAFT)) {
      const { mtimeMs } = await stat(other).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
      if (Date.now() - mtimeMs > DRAFT_FORGOTTEN_MS && (await isHome(other))) await removeHome(other, root)
      continue
    }
    if (other === directory || !(await isHome(other)) || (await answers(other))) continue
    const taken = join(directory, name)
    try {
      await rename(other, taken)
    } catch (error) {
      if (isMissing(error)) continue // another process was first
      throw error
    }
    adopted.push(...(await moveFiles(taken, directory, root)))
  }
  return adopted.sort((a, b) => (basename(a.path) < basename(b.path) ? -1 : 1))
}

/** Also from the homes inside: of an owner who died while it was adopting. */
async function moveFiles(from: string, to: string, root: string): Promise<Segment[]> {
  const moved: Segment[] = []
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    if (entry.isDirectory() && (await isHome(path))) moved.push(...(await moveFiles(path, to, root)))
    if (!entry.isFile() || !holdsRecords(entry.name)) continue
    const { size } = await stat(path)
    const segment = segmentOf(to, entry.name, size)
    await rename(path, join(to, entry.name))
    if (segment !== null) moved.push(segment)
  }
  await removeHome(from, root)
  return moved
}

function holdsRecords(name: string): boolean {
  return segmentOf('', name, 0) !== null || name.endsWith('.rejected')
}

/** With what others put into it, the directory stays: in the root, without its mark. */
async function removeHome(directory: string, root: string): Promise<void> {
  const left = (await readdir(directory).catch(() => [])).filter((name) => name !== SOCKET && name !== MARKER)
  if (left.some(holdsRecords)) return
  await rm(join(directory, SOCKET), { force: true })
  await rm(join(directory, MARKER), { force: true })
  const removed = left.length === 0 ? rmdir(directory) : rename(directory, join(root, basename(directory)))
  await removed.catch(() => {})
}

/** A home of 0.1.0, which had no marker, has a name and files that nothing else has. */
async function isHome(directory: string): Promise<boolean> {
  let entries: Dirent[]
  try {
    entries = await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return false
    throw error
  }
  if (entries.some((entry) => entry.name === MARKER && entry.isFile())) return true
  const isOurs = ({ name }: Dirent) => name === SOCKET || NAME.test(name) || holdsRecords(name)
  return NAME.test(basename(directory)) && entries.length > 0 && entries.every(isOurs)
}

/** Alive unless it is certain that nobody is there: adopted from the living, segments would be lost. */
async function answers(home: string): Promise<boolean> {
  try {
    return await withShortPath(home, (path) => connects(path))
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function connects(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (isAlive: boolean) => {
      socket.destroy()
      resolve(isAlive)
    }
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => settle(true))
    socket.once('connect', () => settle(true))
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK'),
    )
  })
}

async function listenOn(home: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  await withShortPath(home, async (path) => {
    server.listen(path)
    await once(server, 'listening')
  })
  server.unref()
  return server
}

/** Passes the path of the socket, or where that is too long for a socket, another that leads to the same place. */
async function withShortPath<T>(home: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(home, SOCKET)
  if (Buffer.byteLength(path) <= SOCKET_PATH_LIMIT_BYTES) return use(path)
  const handle = await open(home, 'r')
  try {
    // On Linux only; elsewhere this fails with an error that names the path.
    return await use(`/proc/self/fd/${handle.fd}/${SOCKET}`)
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
