// Runs the real kensa on every case and records its verdicts in test/fixtures/kensa-verdicts.json, with which the tests
// compare ours, and in docs/kensa.md. Needs Ruby with the gems rest-client, mechanize, launchy, netrc and
// colored, and a checkout of github.com/heroku/kensa:
//
//   npx tsx packages/addon-contract/test/legacy/record-kensa.ts <checkout of kensa>
//
// Without a checkout, it only generates docs/kensa.md from the recorded verdicts.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { CASES, type Case, keyOf, manifestOf } from './cases.ts'
import { type KensaVerdict, kensaDocument } from './kensa-document.ts'
import { oldManifest, PASSWORD, startOldAddon } from './old-addon.ts'

/** For timeout of coreutils, which ends kensa's children too. */
const TIMEOUT_SECONDS = 20
const TIMED_OUT = 124
const FIXTURE = new URL('../fixtures/kensa-verdicts.json', import.meta.url)
const DOCUMENT = new URL('../../docs/kensa.md', import.meta.url)

const [kensa] = process.argv.slice(2)
if (kensa !== undefined) {
  const verdicts: Record<string, KensaVerdict> = {}
  for (const one of CASES) {
    verdicts[keyOf(one)] = await record(one)
    console.log(keyOf(one), verdicts[keyOf(one)])
  }
  writeFileSync(FIXTURE, `${JSON.stringify(verdicts, null, 2)}\n`)
}
writeFileSync(DOCUMENT, kensaDocument(JSON.parse(readFileSync(FIXTURE, 'utf8'))))

async function record(one: Case): Promise<KensaVerdict> {
  const drains = (one.requires ?? ['syslog_drain']).includes('syslog_drain')
  const addon = await startOldAddon({ drains, ...one.addon })
  const directory = mkdtempSync(join(tmpdir(), 'kensa-'))
  try {
    const file = join(directory, 'addon-manifest.json')
    writeFileSync(file, JSON.stringify(manifestOf(one, (requires) => oldManifest(addon.origin, requires))))
    const args: string[] = [one.command]
    if (['planchange', 'deprovision', 'sso'].includes(one.command)) args.push(await provision(addon.origin))
    if (one.command === 'planchange') args.push('premium')
    const output = await run([...args, '-f', file, ...(one.addon?.isAsync ? ['--async'] : [])])
    return read(output)
  } finally {
    await addon.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function provision(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/heroku/resources`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`old:${PASSWORD}`).toString('base64')}` },
    body: JSON.stringify({ heroku_id: `app1@kensa.heroku.com`, uuid: randomUUID() }),
  })
  return ((await answer.json()) as { id: string }).id
}

interface Output {
  status: number
  stdout: string
  stderr: string
}

function run(args: string[]): Promise<Output> {
  return new Promise((resolve) => {
    const command = ['ruby', `-I${kensa}/lib`, `${kensa}/bin/kensa`, 'test', ...args]
    execFile('timeout', [String(TIMEOUT_SECONDS), ...command], (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code ?? 1)
      resolve({ status, stdout: stripVTControlCharacters(stdout), stderr })
    })
  })
}

/** `Check <what> [FAIL]` and a reason below; if kensa crashed, the last check has no result. */
function read({ status, stdout, stderr }: Output): KensaVerdict {
  if (status === 0) return { ends: 'pass', at: null, says: null }
  if (status === TIMED_OUT) return { ends: 'hang', at: null, says: null }
  // Checks of the id and of `api` have the same names.
  const [, part] = [...stdout.matchAll(/^Testing manifest (\w+) key/gm)].at(-1) ?? []
  const isManifest = [...stdout.matchAll(/^Testing (.+)/gm)].at(-1)?.[1]?.startsWith('manifest')
  const named = (check: string | undefined) =>
    check === undefined ? null : isManifest ? `${part}: ${check}` : check
  if (/\.rb:\d+:in /.test(stderr)) {
    const last = [...stdout.matchAll(/^ {2}Check (.+)$/gm)].at(-1)?.[1]
    const says = /: (.+ \([\w:]+\))$/m.exec(stderr)?.[1] ?? 'a stack trace'
    return { ends: 'crash', at: last?.includes('[PASS]') ? null : named(last), says: short(says) }
  }
  const [, at, says] = /^ {2}Check (.+) \[FAIL\](?:\n {4}(.+))?$/m.exec(stdout) ?? []
  return { ends: 'fail', at: named(at), says: says === undefined ? null : short(says) }
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
