// Whether the addresses that Heroku and Logplex are given lead to a Culvert.
import type { Config } from '../config.ts'
import { type Finding, reporter } from './finding.ts'

const TIMEOUT_MS = 5_000

export async function checkReachable(findings: Finding[], config: Config): Promise<void> {
  await Promise.all([checkPublic(findings, config), checkDrain(findings, config)])
}

async function checkPublic(findings: Finding[], config: Config): Promise<void> {
  const report = reporter(findings, 'PUBLIC_URL')
  const address = `${config.publicUrl}/healthz`
  // In development it is usual to look at the settings before the start.
  const failed = config.production ? 'FAIL' : 'warn'
  const answer = await ask(address)
  if (typeof answer === 'string') {
    report(
      failed,
      `${address}: ${answer}`,
      'Start the service; check the name, the certificate and the proxy.',
    )
    return
  }
  const isOurs = answer.status === 200 && (await answer.text()).includes('"ok"')
  if (!isOurs) {
    report(
      failed,
      `${address} answers ${answer.status}, and not as Culvert`,
      'Point PUBLIC_URL at this service.',
    )
    return
  }
  const ready = await ask(`${config.publicUrl}/readyz`)
  if (typeof ready === 'string' || ready.status !== 200)
    report('warn', 'it is alive but not ready', `Read ${config.publicUrl}/readyz and RUNBOOK.md.`)
  else report('ok', `${config.publicUrl} answers and is ready`)
}

async function checkDrain(findings: Finding[], config: Config): Promise<void> {
  const report = reporter(findings, 'DRAIN_URL')
  if (!config.production) {
    report('skip', 'no Logplex delivers to a machine in development')
    return
  }
  const wrong = await lookAtDrains(config.drainUrl)
  if (wrong === null) report('ok', `${config.drainUrl} takes deliveries`)
  else report('FAIL', wrong.says, wrong.fix)
}

/**
 * Whether a Culvert takes deliveries at that origin; null where it does. By a delivery without a token: Culvert answers
 * 401, in its own words, and nothing is stored.
 */
export async function lookAtDrains(origin: string): Promise<{ says: string; fix: string } | null> {
  const address = `${origin}/drains/doctor`
  const answer = await ask(address, { method: 'POST', headers: { 'content-type': 'application/logplex-1' } })
  if (typeof answer === 'string')
    return {
      says: `${address}: ${answer}`,
      fix: 'Check the name, the certificate and the proxy: no logs arrive.',
    }
  if (answer.status >= 300 && answer.status < 400)
    return {
      says: `${address} redirects: to Logplex that is a failure`,
      fix: 'Name the origin where it leads.',
    }
  if (answer.status === 401 && (await answer.text()).includes('Logplex-Drain-Token')) return null
  return {
    says: `${address} answers ${answer.status}, and not as Culvert`,
    fix: 'Let the name lead to a Culvert, and the proxy pass POST /drains/ on as it is.',
  }
}

/** The answer, or in a few words why there is none. */
async function ask(address: string, init: RequestInit = {}): Promise<Response | string> {
  try {
    return await fetch(address, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
    const { cause } = error as { cause?: { code?: string; message?: string } }
    return cause?.code ?? cause?.message ?? 'it cannot be reached'
  }
}
