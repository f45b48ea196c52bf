// The rule of src/README.md, "Which way imports point", read from every import there is.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** Room -> the rooms it may import from. A room may always import from itself. A file of src/ itself is a room. */
const GROUND = ['config', 'errors', 'plans', 'constant-time', 'deadline', 'database']
const ALLOWED: Record<string, string[]> = {
  main: [...GROUND, 'service', 'operations'],
  service: [
    ...GROUND,
    'server',
    'operations',
    'partner',
    'drain',
    'viewer',
    'endpoints',
    'jobs',
    'logs',
    'heroku',
    'alerts',
  ],
  server: [...GROUND, 'operations', 'partner', 'drain', 'viewer', 'endpoints'],
  partner: [...GROUND],
  drain: [...GROUND, 'logs'],
  viewer: [...GROUND, 'logs', 'alerts'],
  endpoints: [...GROUND, 'logs', 'heroku', 'outbound'],
  jobs: [...GROUND, 'logs'],
  operations: [...GROUND],
  cli: [...GROUND, 'logs', 'heroku', 'contract'],
  contract: ['sim'],
  sim: [],
  alerts: [...GROUND, 'logs', 'heroku', 'outbound'],
  outbound: ['deadline'],
  logs: [...GROUND],
  heroku: [...GROUND],
  database: ['config', 'errors'],
  config: ['plans'],
  errors: [],
  plans: [],
  'constant-time': [],
  deadline: [],
}
/** Files that begin a process. */
const ENTRIES = ['main.ts', 'cli/main.ts', 'sim/demo.ts', 'database/migrate-command.ts']

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const source = (name: string) => readFileSync(join(SRC, name), 'utf8')
const roomOf = (name: string) => (name.split('/')[0] as string).replace(/\.ts$/, '')

it('imports point down only', () => {
  const wrong: string[] = []
  for (const name of files) {
    const room = roomOf(name)
    for (const [, specifier] of source(name).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = relative(SRC, normalize(join(SRC, dirname(name), specifier as string)))
      const targetRoom = roomOf(target)
      if (targetRoom !== room && !ALLOWED[room]?.includes(targetRoom)) wrong.push(`${name} imports ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

it('every room is named in the rule', () => {
  expect([...new Set(files.map(roomOf))].filter((room) => ALLOWED[room] === undefined)).toEqual([])
})

it('only config and the entry files read process.env, only entry files end the process', () => {
  const reads = files.filter((name) => /process\.env\b/.test(source(name)) && name !== 'config.ts')
  expect(reads.filter((name) => !ENTRIES.includes(name))).toEqual([])
  const ends = files.filter((name) => /process\.exit\(/.test(source(name)))
  expect(ends.filter((name) => !ENTRIES.includes(name))).toEqual([])
})

it('pure modules take the time and randomness as arguments', () => {
  const pure = [
    'drain/frame-parser.ts',
    'drain/timestamp.ts',
    'drain/structured-data.ts',
    'logs/frame-form.ts',
    ...files.filter((name) => name.startsWith('logs/query/')),
    'heroku/secret-box.ts',
    'endpoints/line-facts.ts',
    ...files.filter((name) => /^endpoints\/(format|vcl)\//.test(name)),
    'outbound/public-address.ts',
    'outbound/target-url.ts',
    'alerts/condition.ts',
    'alerts/step.ts',
    'alerts/message.ts',
    'logs/exclusion/exclude.ts',
    ...files.filter((name) => name.startsWith('viewer/overview/')),
    'viewer/projection.ts',
  ]
  for (const name of pure)
    expect(source(name)).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|randomUUID|performance\.|import .*randomBytes/,
    )
})
