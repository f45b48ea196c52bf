// How a rule about the manifest is written, and the wording of its findings. Pure.
//
// A rule is about one thing: if `api` is missing, one rule says so and not twenty. A finding never contains a value that is
// or may be a secret.
import { fail, pass, type Rule, type RuleCard, type Source } from '../rule.ts'
import type { Json, ManifestView } from './view.ts'

export interface ManifestRule extends RuleCard {
  /** How to fix it. */
  fix: string
  applies?(manifest: ManifestView): boolean
  /** The problems, a few words each. */
  find(manifest: ManifestView): string[]
}

export function manifestRule({ find, fix, ...card }: ManifestRule): Rule<ManifestView> {
  return {
    ...card,
    judge(manifest) {
      const found = find(manifest)
      return found.length === 0 ? pass : fail(found.join('; '), [], fix)
    },
  }
}

/** For a rule about a part of `api`. */
export const WITH_API = {
  when: '`api` is an object',
  applies: ({ hasApi }: ManifestView) => hasApi,
}

const DEV_CENTER = 'https://devcenter.heroku.com/articles'

export const SOURCES = {
  manifest: { title: 'Dev Center: add-on manifest', url: `${DEV_CENTER}/add-on-manifest` },
  partnerApi: {
    title: 'Dev Center: Add-on Partner API reference',
    url: `${DEV_CENTER}/add-on-partner-api-reference`,
  },
  kensa: {
    title: 'kensa: ManifestCheck',
    url: 'https://github.com/heroku/kensa/blob/master/lib/heroku/kensa/check.rb',
  },
  kensaRegions: { title: 'kensa issue 109', url: 'https://github.com/heroku/kensa/issues/109' },
  generator: {
    title: 'heroku-cli-addons-admin: manifest:generate',
    url: 'https://github.com/heroku/heroku-cli-addons-admin',
  },
  mylogger: { title: 'sbosio/mylogger-addon: README', url: 'https://github.com/sbosio/mylogger-addon' },
  names: { title: 'RFC 6761: special-use domain names', url: 'https://www.rfc-editor.org/rfc/rfc6761' },
} satisfies Record<string, Source>

export function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

/** The kind of an unexpected value. Not the value itself, which may be a misplaced secret. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return value.trim() === '' ? 'blank' : 'a string'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A value that is not a secret, truncated. */
export function quoted(value: Json | undefined): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** The problem if the value is not a list of strings. */
export function notStrings(at: string, value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [`${at} is ${kindOf(value)}`]
  return value.every((item) => typeof item === 'string') ? [] : [`${at} has an item that is not a string`]
}
