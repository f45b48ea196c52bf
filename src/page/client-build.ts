// The script of the pages, made from client/ by esbuild. Run by `npm run build` into dist/, and from a checkout when the
// first page is asked for; a built service needs no esbuild.
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface BuiltFile {
  /** With a hash of its contents. */
  name: string
  contents: Uint8Array
}

export interface BuiltClient {
  files: BuiltFile[]
  /** Entry -> the name of its file. */
  entries: Record<string, string>
}

export const ENTRIES = ['guard', 'page', 'overview', 'endpoints'] as const
/** From src/viewer, and from dist/viewer as well. */
const CLIENT = fileURLToPath(new URL('./client', import.meta.url))

export function buildClient(): BuiltClient {
  const esbuild = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  const { outputFiles, metafile } = esbuild.buildSync({
    entryPoints: ENTRIES.map((name) => `${CLIENT}/${name}.ts`),
    absWorkingDir: CLIENT,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome116', 'firefox121', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    outdir: 'out',
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    // Expressions are the server's to decide about; see there.
    alias: { re2js: `${CLIENT}/re2-in-the-browser.ts` },
    logLevel: 'silent',
  })
  const entries: Record<string, string> = {}
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined) entries[basename(entryPoint, '.ts')] = basename(path)
  }
  return { files: outputFiles.map(({ path, contents }) => ({ name: basename(path), contents })), entries }
}
