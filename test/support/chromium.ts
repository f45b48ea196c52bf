// The Chromium that browser tests run: the one inside npm's @sparticuz/chromium, unpacked once, with the system libraries
// that it brings along, so that a bare machine needs nothing installed. BROWSER names another one.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const LAUNCH_TIMEOUT_MS = 30_000
const UNPACK_TIMEOUT_MS = 60_000
const PACKAGE = '@sparticuz/chromium'

export async function launchChromium(): Promise<Browser> {
  const own = process.env.BROWSER
  if (own) return launch(own, {})
  const directory = await unpack()
  return launch(join(directory, 'chromium'), {
    LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, join(directory, 'al2023', 'lib')]
      .filter(Boolean)
      .join(':'),
    FONTCONFIG_PATH: join(directory, 'fonts'),
  })
}

function launch(executablePath: string, environment: Record<string, string>): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: LAUNCH_TIMEOUT_MS,
    // No sandbox: a container, and root, has none to offer. It opens nothing but our own pages.
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
    env: { ...process.env, ...environment } as Record<string, string>,
  })
}

/** Where it is unpacked: beside the package, named by its version. Whole or not there, also with several at it. */
async function unpack(): Promise<string> {
  const root = fileURLToPath(new URL('../../node_modules/', import.meta.url))
  const main = createRequire(import.meta.url).resolve(PACKAGE)
  const { version } = createRequire(import.meta.url)(
    join(main.slice(0, main.lastIndexOf(PACKAGE) + PACKAGE.length), 'package.json'),
  ) as { version: string }
  const directory = join(root, '.cache', `chromium-${version}`)
  if (existsSync(directory)) return directory
  mkdirSync(dirname(directory), { recursive: true })
  const making = mkdtempSync(join(dirname(directory), 'making-'))
  try {
    // In a process of its own, because the package unpacks into the temporary directory of its process, and the
    // libraries only where it takes itself to be on the system that they are of.
    await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { default: c } = await import('${PACKAGE}'); await c.executablePath()`,
      ],
      {
        cwd: root,
        timeout: UNPACK_TIMEOUT_MS,
        env: { ...process.env, TMPDIR: making, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
      },
    )
    // The package's own names the directories of another machine.
    const fonts = [join(directory, 'fonts', 'fonts'), '/usr/share/fonts', '/Library/Fonts']
    writeFileSync(
      join(making, 'fonts', 'fonts.conf'),
      `<?xml version="1.0"?><fontconfig>${fonts.map((path) => `<dir>${path}</dir>`).join('')}<cachedir>${join(directory, 'fonts-cache')}</cachedir></fontconfig>`,
    )
    renameSync(making, directory)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    // Somebody else was quicker.
    if (!existsSync(directory)) throw error
  }
  return directory
}
