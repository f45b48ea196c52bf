// How a rule about the manifest is written, and the words its findings are put in. Pure.
//
// A rule speaks of what it names and leaves the rest to the others: where `api` is missing, one rule says so and not
// twenty. A finding never holds a value that is or may be a secret.
import { fail, pass, type Rule, type RuleCard, type Source } from '../rule.ts'
import type { Json, ManifestView } from './view.ts'

export interface ManifestRule extends RuleCard {
  /** What to do about it. */
  fix: string
  applies?(manifest: ManifestView): boolean
  /** What is wrong, in a few words each. */
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

/** For a rule about what is in `api`. */
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

/** What stands there in place of something else. Without its value: it may be a secret at the wrong place. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return value.trim() === '' ? 'blank' : 'a text'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A value that is no secret, cut where it is long. */
export function quoted(value: Json | undefined): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** `what` where the value is no list of texts; nothing where it is one. */
export function notTexts(at: string, value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [`${at} is ${kindOf(value)}`]
  return value.every((item) => typeof item === 'string') ? [] : [`${at} holds something that is no text`]
}
