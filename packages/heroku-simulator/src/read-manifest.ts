// What the simulator needs of an add-on manifest. Pure.
import type { AddonManifest } from './partner-calls.ts'

/** The manifest cannot be used. The message says why, without quoting the file, which holds secrets. */
export class ManifestError extends Error {
  override name = 'ManifestError'
}

/**
 * @param text JSON, with the addresses at api.test
 * @throws ManifestError
 */
export function readManifest(text: string): AddonManifest {
  let data: unknown
  try {
    // Editors on Windows write a byte order mark, which JSON.parse refuses.
    data = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new ManifestError('is not JSON')
  }
  const root = objectIn(data)
  const api = objectIn(root.api)
  const test = objectIn(api.test)
  if (!textsIn(api.requires).includes('syslog_drain'))
    throw new ManifestError('does not have "syslog_drain" in api.requires: the simulator is for log add-ons')
  return {
    id: textOf(root.id, 'id'),
    password: textOf(api.password, 'api.password'),
    ssoSalt: textOf(api.sso_salt, 'api.sso_salt'),
    configVars: textsIn(api.config_vars),
    baseUrl: urlOf(test.base_url, 'api.test.base_url'),
    ssoUrl: urlOf(test.sso_url, 'api.test.sso_url'),
  }
}

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function textOf(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw new ManifestError(`has no text at ${at}`)
  return value
}

function urlOf(value: unknown, at: string): string {
  const url = textOf(value, at)
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new ManifestError(`has no http address at ${at}`)
  return url.replace(/(?<!\/)\/+$/, '')
}
