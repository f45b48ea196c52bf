// An add-on manifest as it was found: of any shape, because the rules have to say what is wrong with each part. Pure.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** What the rules look at. A part that is missing or of the wrong type is empty here, and one rule says so. */
export interface ManifestView {
  /** Null where the file holds something else. */
  whole: JsonObject | null
  root: JsonObject
  /** Whether `api` is an object. */
  hasApi: boolean
  api: JsonObject
  /** `api.production`, where it is an object. */
  production: JsonObject
  /** `api.test`, where it is an object. */
  test: JsonObject
  /** `api.config_vars`, `api.regions` and `api.requires`, where they are lists; only their texts. */
  configVars: string[]
  regions: string[]
  requires: string[]
}

/** Where a manifest is kept, and the old misspelling that Heroku's tools still warn of. */
export const MANIFEST_FILE = 'addon-manifest.json'
export const MISSPELT_FILE = 'addon_manifest.json'

/** Null: not JSON. Why is not told in the parser's words: they quote the file, and it holds secrets. */
export function parseManifest(text: string): { data: unknown } | null {
  try {
    // Editors on Windows write a byte order mark, and JSON.parse knows none.
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

/** What config vars of this add-on begin with, before the `_`; '' where nothing tells. Heroku: `fast-db` has FAST_DB. */
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
