// Where a process keeps its segments: a directory of its own below the spool's, which nobody else writes to, and
// which the next process takes over when its owner has died.
//
//   <root>/<random name>/alive        a socket that the owner listens on
//   <root>/<random name>/*.segment    what it has promised to store
//   <root>/<random name>/*.rejected   what the store will not take, for a person to look at
//
// Alive is who answers on the socket. The kernel closes it with the process, however that ends, and answers for a
// stopped one; it holds across containers that share the directory, where a pid in a lock file would be taken for
// another's and a living owner's segments deleted under it. A directory is adopted by renaming it into one's own:
// of two who try, one finds it gone. Names are random and never used again, so what was found dead stays dead.
//
// Needs a file system that is local to the machine: over a network file system nobody would answer.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { basename, join } from 'node:path'
import { type Segment, segmentOf, syncDirectory } from './segment.ts'

const SOCKET = 'alive'
/** Being made: neither a home yet nor anything to adopt. */
const DRAFT = '.new-'
const DRAFT_FORGOTTEN_MS = 60_000
/** For customers' logs: nobody else reads them. */
const DIRECTORY_MODE = 0o700
const ANSWER_TIMEOUT_MS = 1_000
/** sun_path is 104 bytes on macOS, 108 on Linux, NUL included; libuv cuts longer ones off without a word. */
const SOCKET_PATH_LIMIT_BYTES = 100

export interface Home {
  directory: string
  /** Moves what dead owners left into the directory. Returns their segments, oldest first, and what else counts. */
  adopt(): Promise<Adopted>
  /** Lets others adopt what is left. Nothing left: removes the directory. */
  leave(): Promise<void>
}

export interface Adopted {
  segments: Segment[]
  /** Bytes of rejected records; they take room until somebody deletes them. */
  rejectedBytes: number
}

export async function openHome(root: string): Promise<Home> {
  await mkdir(root, { recursive: true })
  const name = randomBytes(8).toString('hex')
  const draft = join(root, `${DRAFT}${name}`)
  const directory = join(root, name)
  await mkdir(draft, { mode: DIRECTORY_MODE })
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
      // Not recursive: a directory with a segment in it stays, whoever put it there.
      await rmdir(directory).catch(() => {})
    },
  }
}

async function adopt(root: string, directory: string): Promise<Adopted> {
  const adopted: Adopted = { segments: [], rejectedBytes: 0 }
  for (const { name } of (await readdir(root, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  )) {
    const other = join(root, name)
    if (name.startsWith(DRAFT)) {
      const { mtimeMs } = await stat(other).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
      if (Date.now() - mtimeMs > DRAFT_FORGOTTEN_MS) await rm(other, { recursive: true, force: true })
      continue
    }
    if (other === directory || (await answers(other))) continue
    const taken = join(directory, name)
    try {
      await rename(other, taken)
    } catch (error) {
      if (isMissing(error)) continue // another process was first
      throw error
    }
    await moveFiles(taken, directory, adopted)
    await rm(taken, { recursive: true, force: true })
  }
  adopted.segments.sort((a, b) => (basename(a.path) < basename(b.path) ? -1 : 1))
  return adopted
}

/** Also from the directories inside: of an owner who died while it was adopting. */
async function moveFiles(from: string, to: string, adopted: Adopted): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { size } = await stat(path)
    const segment = segmentOf(to, entry.name, size)
    if (segment === null && !entry.name.endsWith('.rejected')) continue
    await rename(path, join(to, entry.name))
    if (segment !== null) adopted.segments.push(segment)
    else adopted.rejectedBytes += size
  }
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
