// The commands that `culvert` hands over to the package heroku-addon-contract, against this service.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AREAS } from 'heroku-addon-contract'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { startTestService } from '../support/service.ts'

const directory = mkdtempSync(join(tmpdir(), 'culvert-hand-over-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function culvert(...args: string[]) {
  const said = { output: '', error: '' }
  const status = await runCli(args, {
    environment: { PATH: process.env.PATH, GIVEN: 'by the caller' },
    write: (text) => {
      said.output += text
    },
    writeError: (text) => {
      said.error += text
    },
  })
  return { status, ...said }
}

describe('culvert run', () => {
  it('gives the command the config vars of a resource that it provisions and removes', async () => {
    const service = await startTestService()
    try {
      const { addon: known } = service.config
      const manifest = join(directory, 'addon-manifest.json')
      writeFileSync(
        manifest,
        JSON.stringify({
          id: known.id,
          api: {
            password: known.passwords[0],
            config_vars: [known.configVar],
            requires: ['syslog_drain'],
            test: { base_url: `${service.origin}/heroku/resources` },
          },
        }),
      )
      const seen = join(directory, 'environment.json')
      const command = `fs.writeFileSync(${JSON.stringify(seen)}, JSON.stringify(process.env))`
      const { status, error } = await culvert('run', '-f', manifest, '--', process.execPath, '-e', command)
      expect(error).toMatch(/^Provisioned [0-9a-f-]{36}: CULVERT_URL\nRemoved it\.\n$/)
      expect(status).toBe(0)
      const [, id] = /^Provisioned (\S+):/.exec(error) ?? []
      expect(JSON.parse(readFileSync(seen, 'utf8'))).toMatchObject({
        CULVERT_URL: expect.stringContaining(id as string),
        GIVEN: 'by the caller',
      })
      const { rows } = await service.database.pool.query('select state from resource where id = $1', [id])
      expect(rows).toEqual([{ state: 'deprovisioned' }])
    } finally {
      await service.close()
    }
  })
})

describe('culvert test', () => {
  it('knows the areas of the package', async () => {
    const { status, output } = await culvert('test', 'rules')
    expect(status).toBe(0)
    for (const { title } of AREAS) expect(output).toContain(title)
  })
})

it.each(['test', 'run', 'manifest'])('the package answers culvert %s --help', async (name) => {
  const { status, output } = await culvert(name, '--help')
  expect(status).toBe(0)
  expect(output).toMatch(new RegExp(`^culvert ${name} `))
})
