// `npm run migrate`, as a process of its own.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export function runMigrateCommand(environment: Record<string, string>) {
  const command = fileURLToPath(new URL('../../src/database/migrate-command.ts', import.meta.url))
  const tsx = createRequire(import.meta.url).resolve('tsx')
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import', tsx, command],
      { env: { PATH: process.env.PATH, ...environment }, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}
