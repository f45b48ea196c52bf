// The cases for both kensa and `test --legacy`: manifests and add-ons, each with one defect or oddity.
import type { Defect, OldAddonOptions } from './old-addon.ts'

export type Command = 'manifest' | 'provision' | 'planchange' | 'deprovision' | 'sso'
type Values = Record<string, unknown>

export interface Case {
  /** A sentence without its subject. */
  name: string
  command: Command
  addon?: OldAddonOptions
  requires?: string[]
  /** Changes of the manifest; undefined removes a key. */
  root?: Values
  api?: Values
}

const manifest = (name: string, api: Values, root: Values = {}): Case => ({
  name,
  command: 'manifest',
  api,
  root,
})
const addon = (command: Command, name: string, defect?: Defect, more: Partial<Case> = {}): Case => ({
  name,
  command,
  addon: { defect },
  ...more,
})
const HTTPS = 'https://old.acme.com'
const RESOURCES = '/heroku/resources'

export const CASES: readonly Case[] = [
  manifest('is right', {}),
  manifest('has no id', {}, { id: undefined }),
  manifest('has a number for its id', {}, { id: 7 }),
  manifest('has an empty id', {}, { id: '' }),
  manifest('has a blank id', {}, { id: ' ' }),
  manifest('has a slug with "addon"', { config_vars: ['MYADDON_URL'] }, { id: 'myaddon' }),
  manifest('has no name and no version', { version: undefined }, { name: undefined }),
  manifest('has no api', {}, { api: undefined }),
  manifest('has a text for its api', {}, { api: HTTPS }),
  manifest('has no regions', { regions: undefined }),
  manifest('has a text for its regions', { regions: 'us' }),
  manifest('has an empty list of regions', { regions: [] }),
  manifest('has only eu', { regions: ['eu'] }),
  manifest('has every region', { regions: ['*'] }),
  manifest('has a region of 2018', { regions: ['us', 'tokyo'] }),
  manifest('has a region of today', { regions: ['us', 'dublin'] }),
  manifest('has a region that does not exist', { regions: ['us', 'mars'] }),
  manifest('has no password', { password: undefined }),
  manifest('has an empty password', { password: '' }),
  manifest('has null for its password', { password: null }),
  manifest('has no salt', { sso_salt: undefined }),
  manifest('has no test addresses', { test: undefined }),
  manifest('has no production addresses', { production: undefined }),
  manifest('has one production address', { production: HTTPS }),
  manifest('has one production address, http', { production: 'http://old.acme.com' }),
  manifest('has an http base_url', {
    production: { base_url: `http://old.acme.com${RESOURCES}`, sso_url: HTTPS },
  }),
  manifest('has an http sso_url', {
    production: { base_url: HTTPS + RESOURCES, sso_url: 'http://old.acme.com' },
  }),
  manifest('has no sso_url', { production: { base_url: HTTPS + RESOURCES } }),
  manifest('has no config vars', { config_vars: undefined }),
  manifest('has a text for its config vars', { config_vars: 'OLD_URL' }),
  manifest('has a config var in small letters', { config_vars: ['old_url'] }),
  manifest('has a number among its config vars', { config_vars: ['OLD_URL', 7] }),
  manifest('has a config var without the prefix', { config_vars: ['URL_OLD'] }),
  manifest('has a config var with a prefix of its own', {
    config_vars: ['ACME_URL'],
    config_vars_prefix: 'ACME',
  }),
  manifest('has a user name', { username: 'old' }),
  manifest('has its features at the top', { requires: undefined }, { requires: ['syslog_drain'] }),

  addon('provision', 'is right'),
  addon('provision', 'is right, and one app may have many', undefined, { requires: ['many_per_app'] }),
  addon('provision', 'answers a provision with a redirect', 'provision-redirects'),
  addon('provision', 'answers a provision with 500', 'provision-fails'),
  addon('provision', 'answers a provision with a text', 'provision-answers-text'),
  addon('provision', 'answers a provision with nothing', 'provision-answers-nothing'),
  addon('provision', 'lets anybody provision', 'provision-lets-anybody'),
  addon('provision', 'answers 403 to strangers', 'provision-forbids-strangers'),
  addon('provision', 'gives no id', 'no-id'),
  addon('provision', 'gives null for an id', 'null-id'),
  addon('provision', 'makes the id of the app’s number', 'id-is-heroku-id'),
  addon('provision', 'gives no config', 'no-config'),
  addon('provision', 'gives no config and no log_drain_url', 'no-config-no-drain-url'),
  addon('provision', 'gives a text for its config', 'config-is-text'),
  addon('provision', 'gives a list for its config', 'config-is-list'),
  addon('provision', 'gives a config var that it did not declare', 'config-undeclared'),
  addon('provision', 'gives config vars and declares none', undefined, { api: { config_vars: undefined } }),
  addon('provision', 'misses a config var that it declared', 'config-incomplete'),
  addon('provision', 'gives a number for a config var', 'config-number'),
  addon('provision', 'gives an address without a host', 'config-url-without-host'),
  addon('provision', 'gives an address that is none', 'config-url-is-no-url'),
  addon('provision', 'gives no log_drain_url', 'no-drain-url'),
  addon('provision', 'gives an http log_drain_url', 'drain-url-http'),
  addon('provision', 'gives a syslog+tls log_drain_url', 'drain-url-tls'),
  addon('provision', 'gives no log_drain_url and needs none', 'no-drain-url', { requires: [] }),
  addon('provision', 'answers nothing when an app asks again', 'again-crashes'),
  addon('provision', 'refuses in JSON when an app asks again', 'again-refuses'),
  { name: 'calls back', command: 'provision', addon: { isAsync: true } },
  {
    name: 'calls back with a text',
    command: 'provision',
    addon: { isAsync: true, defect: 'callback-is-text' },
  },
  { name: 'never calls back', command: 'provision', addon: { isAsync: true, defect: 'no-callback' } },
  { name: 'calls back without an id', command: 'provision', addon: { isAsync: true, defect: 'no-id' } },

  addon('planchange', 'is right'),
  addon('planchange', 'answers a plan change with 500', 'planchange-fails'),
  addon('planchange', 'answers a plan change with 204', 'planchange-answers-nothing'),
  addon('planchange', 'lets anybody change plans', 'planchange-lets-anybody'),

  addon('deprovision', 'is right'),
  addon('deprovision', 'answers a deprovision with 500', 'deprovision-fails'),
  addon('deprovision', 'answers a deprovision with 204', 'deprovision-answers-nothing'),
  addon('deprovision', 'lets anybody deprovision', 'deprovision-lets-anybody'),
  addon('deprovision', 'answers 410 before it looks who asks', 'gone-before-stranger'),

  addon('sso', 'is right'),
  addon('sso', 'has no salt', undefined, { api: { sso_salt: undefined } }),
  addon('sso', 'takes any token', 'sso-takes-any-token'),
  addon('sso', 'takes any time', 'sso-takes-any-time'),
  addon('sso', 'refuses with 401', 'sso-refuses-with-401'),
  addon('sso', 'answers a good sign-in with 500', 'sso-fails'),
  addon('sso', 'sets no navigation cookie', 'sso-without-nav-data'),
  addon('sso', 'alters the navigation cookie', 'sso-nav-data-changed'),
  addon('sso', 'sets a secure navigation cookie over http', 'sso-nav-data-secure'),
  addon('sso', 'shows no navigation bar', 'sso-without-header'),
]

/** `provision: gives no id` */
export function keyOf({ command, name }: Case): string {
  return `${command}: ${name}`
}

/** The manifest of a case, for an add-on at this address. */
export function manifestOf(
  { root = {}, api = {}, requires }: Case,
  base: (requires?: string[]) => OldManifest,
) {
  const whole = base(requires)
  return JSON.parse(JSON.stringify({ ...whole, api: { ...whole.api, ...api }, ...root }))
}

type OldManifest = { api: object }
