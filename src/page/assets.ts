// The files that pages refer to: one style sheet, the scripts, and the brand's colour. Each is served under a name made
// of its contents, so that a browser may keep it for ever, and compressed once. Built ones where there are any
// (dist/page/client), else made from the sources when the first page needs them.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import type { Brand } from '../config.ts'
import { AppError } from '../errors.ts'
import { type BuiltClient, buildClient, type ENTRIES } from './client-build.ts'

interface Asset {
  type: string
  body: Buffer
  gzipped: Buffer
}

const BUILT = new URL('./client/entries.json', import.meta.url)
const STYLES = new URL('./style/', import.meta.url)
const STYLE_FILES = ['base.css', 'bars.css', 'list.css', 'dialogs.css', 'overview.css', 'endpoints.css']
const KEPT_FOR_EVER = 'public, max-age=31536000, immutable'

const served = new Map<string, Asset>()

export const STYLE_PATH = serve(
  'style',
  'css',
  Buffer.concat(STYLE_FILES.map((name) => readFileSync(new URL(name, STYLES)))),
)

/** The address of the style sheet with a brand's colour; brands come from the settings, so there are few. */
export function brandPath({ colour }: Brand): string {
  return serve('brand', 'css', Buffer.from(`:root{--brand:${colour}}`))
}

let scripts: Record<string, string> | undefined

/** The address of an entry's script. */
export function scriptPath(entry: (typeof ENTRIES)[number]): string {
  scripts ??= loadScripts()
  const path = scripts[entry]
  if (path === undefined) throw new Error(`BUG: there is no script "${entry}"`)
  return path
}

export function assetRoutes(app: FastifyInstance): void {
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    // Whoever kept a page since before a restart may ask for a script before any page was made.
    if (request.params.name.endsWith('.js')) scripts ??= loadScripts()
    const asset = served.get(`/assets/${request.params.name}`)
    if (asset === undefined) throw new AppError('not_found')
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    reply.headers({
      'cache-control': KEPT_FOR_EVER,
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
      ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
    })
    return reply.type(asset.type).send(takesGzip ? asset.gzipped : asset.body)
  })
}

function serve(name: string, kind: 'css' | 'js', body: Buffer, fileName?: string): string {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  const path = `/assets/${fileName ?? `${name}-${hash}.${kind}`}`
  if (!served.has(path)) {
    const type = kind === 'css' ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8'
    served.set(path, { type, body, gzipped: gzipSync(body, { level: 9 }) })
  }
  return path
}

function loadScripts(): Record<string, string> {
  const { files, entries } = existsSync(BUILT) ? readBuilt() : buildClient()
  for (const { name, contents } of files) serve(name, 'js', Buffer.from(contents), name)
  return Object.fromEntries(Object.entries(entries).map(([entry, name]) => [entry, `/assets/${name}`]))
}

function readBuilt(): BuiltClient {
  const directory = new URL('./', BUILT)
  const names = readdirSync(directory).filter((name) => name.endsWith('.js'))
  return {
    files: names.map((name) => ({ name, contents: readFileSync(new URL(name, directory)) })),
    entries: JSON.parse(readFileSync(BUILT, 'utf8')) as Record<string, string>,
  }
}
