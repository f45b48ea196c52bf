// An add-on manifest of any shape: the rules say what is wrong with each part. Pure.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** The input of the rules. A part that is missing or of the wrong type is empty here, and one rule reports it. */
export interface ManifestView {
  /** Null if the file is not an object. */
  whole: JsonObject | null
  root: JsonObject
  /** Whether `api` is an object. */
  hasApi: boolean
  api: JsonObject
  /** `api.production`, if it is an object. */
  production: JsonObject
  /** `api.test`, if it is an object. */
  test: JsonObject
  /** The strings of `api.config_vars`, `api.regions` and `api.requires`, if they are lists. */
  configVars: string[]
  regions: string[]
  requires: string[]
}

/** The name of a manifest file, and the old misspelling that Heroku's tools still warn about. */
export const MANIFEST_FILE = 'addon-manifest.json'
export const MISSPELT_FILE = 'addon_manifest.json'

/** Null if it is not JSON. Without the parser's message, which quotes the file and its secrets. */
export function parseManifest(text: string): { data: unknown } | null {
  try {
    // Editors on Windows write a byte order mark, which JSON.parse refuses.
    return { data: JSON.parse(text.replace(/^\uFEFF/, '')) }
  } catch {
    return null
  }
}

/** @param data parsed JSON */
export function viewManifest(data: unknown): ManifestView {
  const whole = asObject(data as Json)
  const root = whole ?? {}
  const api = asObject(root.api) ?? {}
  return {
    whole,
    root,
    hasApi: asObject(root.api) !== null,
    api,
    production: asObject(api.production) ?? {},
    test: asObject(api.test) ?? {},
    configVars: texts(api.config_vars),
    regions: texts(api.regions),
    requires: texts(api.requires),
  }
}

/** The secrets of a manifest, which no report may show. */
export function secretsOf({ api: { password, sso_salt: salt } }: ManifestView): string[] {
  return [password, salt].filter((one): one is string => typeof one === 'string' && one !== '')
}

export function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}

/** The prefix of this add-on's config vars, without the `_`; '' if unknown. Heroku: `fast-db` has FAST_DB. */
export function configVarPrefix({ root, api }: Pick<ManifestView, 'root' | 'api'>): string {
  if (typeof api.config_vars_prefix === 'string') return api.config_vars_prefix
  return typeof root.id === 'string' ? prefixOf(root.id.trim()) : ''
}

export function prefixOf(id: string): string {
  return id.toUpperCase().replaceAll('-', '_')
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
